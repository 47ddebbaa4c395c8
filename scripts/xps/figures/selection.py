"""Which numbers a grid of spectra shows: from the tables to one record per panel, before anything is drawn."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from xps.errors import ConfigError, TableError
from xps.lineshapes import drawing

Floats = NDArray[np.float64]
PanelKey = tuple[str, str, int]
# ASSUME p < 0.001 means that the counts reject a fit, as for rate laws: a series holds too many fits for 0.05.
POOR_P_VALUE = 0.001


@dataclass(frozen=True, slots=True)
class Curve:
    """One fitted component: its own intensity (n,) in counts/s, without background.

    ``uncertain``: its verdict is conditional or not_identified. ``detected`` is True where nothing says otherwise.
    """

    component: str
    core_level: str
    species: str
    intensity_cps: Floats
    uncertain: bool
    detected: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One measured window of one acquisition; the fitted arrays are None and ``failure`` says why when it failed.

    ``rejected_chi_square`` is the reduced chi square of a fit that the counts reject, None for every other.
    """

    key: PanelKey
    binding_energy_ev: Floats
    data_cps: Floats
    envelope_cps: Floats | None
    background_cps: Floats | None
    residual_sigma: Floats | None
    components: tuple[Curve, ...]
    failure: str
    rejected_chi_square: float | None = None

    @property
    def range_cps(self) -> tuple[float, float]:
        """Lowest and highest intensity that has to find room in the panel."""
        shown = [self.data_cps, *(part for part in (self.envelope_cps, self.background_cps) if part is not None)]
        return float(min(part.min() for part in shown)), float(max(part.max() for part in shown))


@dataclass(frozen=True, slots=True)
class Column:
    """One measured window of one model, and the core levels fitted in it."""

    model: str
    region: str
    core_levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One acquisition, its axis value (s; None where unknown) and the quantity behind the row.

    ``interpolated``: the quantity is a shift that was not fitted in this acquisition but between its neighbours.
    """

    acquisition: int
    axis_s: float | None
    last: float | None
    interpolated: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """Everything a grid of spectra shows; a panel that was not measured or not fitted is missing from ``panels``."""

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    panels: Mapping[PanelKey, Panel]
    lower_bound: bool = False
    """Whether the rows' times are computed, a lower bound."""

    def panel(self, row: Row, column: Column) -> Panel | None:
        """Return the panel where ``row`` and ``column`` meet, or None."""
        return self.panels.get((column.model, column.region, row.acquisition))

    def column_panels(self, column: Column) -> list[Panel]:
        """Return the panels of ``column`` from the first row to the last."""
        found = [self.panel(row, column) for row in self.rows]
        return [panel for panel in found if panel is not None]

    @property
    def species(self) -> list[str]:
        """Species in the order in which a reader meets them: column by column, row by row."""
        panels = [panel for column in self.columns for panel in self.column_panels(column)]
        return list(dict.fromkeys(curve.species for panel in panels for curve in panel.components))


def select_grid(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> Grid:
    """Return the grid that a figure's ``settings`` ask for; ConfigError where they name what the tables lack."""
    check_known("models", settings.get("models", []), tables["curves"].column("model").unique().to_pylist())
    frames = {name: of_experiment(table, settings) for name, table in tables.items()}
    columns = _columns(settings, frames["curves"], frames["components"])
    rows = _rows(settings, frames)
    wanted = {(column.model, column.region) for column in columns}
    shown = {row.acquisition for row in rows}
    curves = frames["components"], _parameter_values(frames["parameters"])
    fits = {(fit["model"], fit["region"], fit["acquisition"]): fit for fit in records(frames["fits"])}
    panels: dict[PanelKey, Panel] = {}
    for names, channels in frames["curves"].groupby(["model", "region", "acquisition"]):
        model, region, acquisition = names
        key: PanelKey = (str(model), str(region), int(str(acquisition)))
        if key[:2] in wanted and key[2] in shown:
            panels[key] = _panel(key, channels, fits.get(key), *curves)
    drawn = tuple(column for column in columns if any(key[:2] == (column.model, column.region) for key in panels))
    if not drawn:
        raise ConfigError(
            f"nothing to draw: {settings['experiment']} has no spectrum in the windows and rows asked for"
        )
    return Grid(rows, drawn, panels, is_lower_bound(frames["acquisitions"], settings["axis"]))


def _columns(settings: Mapping[str, Any], curves: pd.DataFrame, components: pd.DataFrame) -> tuple[Column, ...]:
    levels: dict[tuple[str, str], list[str]] = {
        (str(model), str(region)): [] for model, region in zip(curves["model"], curves["region"], strict=True)
    }
    for part in records(components.drop_duplicates(["model", "region", "core_level"])):
        levels.setdefault((part["model"], part["region"]), []).append(part["core_level"])
    found = [Column(model, region, tuple(names)) for (model, region), names in levels.items()]
    models = settings.get("models") or list(dict.fromkeys(column.model for column in found))
    ordered = [column for model in models for column in found if column.model == model]
    if "core_levels" not in settings:
        return tuple(ordered)
    check_known("core_levels", settings["core_levels"], (level for column in ordered for level in column.core_levels))
    chosen = [column for level in settings["core_levels"] for column in ordered if level in column.core_levels]
    return tuple(dict.fromkeys(chosen))


def _rows(settings: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]) -> tuple[Row, ...]:
    acquired = frames["acquisitions"]
    kept = acquired[~acquired["excluded"]]
    numbers = sorted({int(number) for number in kept["acquisition"]})
    wanted = settings.get("acquisitions", numbers)
    unknown = [number for number in wanted if number not in numbers]
    if unknown:
        raise ConfigError(f"acquisitions {unknown} do not exist or are excluded; there are {numbers}")
    times = axis_values(kept, settings["axis"])
    last = _last_column(settings, acquired, frames["calibration"])  # an excluded dose was plated all the same
    guessed = interpolated_shifts(frames["calibration"]) if settings.get("last_column") == "shift_ev" else set()
    return tuple(
        Row(number, times.get(number), last.get(number), number in guessed) for number in numbers if number in wanted
    )


def interpolated_shifts(calibration: pd.DataFrame) -> set[int]:
    """Return the acquisitions whose shift was not fitted but taken from their neighbours."""
    return {int(number) for number in calibration.loc[calibration["method"] == "interpolated", "acquisition"]}


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as plain mappings; empty cells are None or NaN as pandas holds them."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def of_experiment(table: pa.Table, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of the figure's experiment and, where the table knows them, of its models."""
    frame: pd.DataFrame = table.to_pandas()
    check_known("experiment", [settings["experiment"]] if len(frame) else [], frame["experiment"])
    kept = frame["experiment"] == settings["experiment"]
    if "models" in settings and "model" in frame:
        kept &= frame["model"].isin(settings["models"])
    chosen: pd.DataFrame = frame[kept]
    return chosen


def check_known(key: str, wanted: Sequence[str], known: Iterable[str]) -> None:
    """Raise ConfigError with near matches when the setting ``key`` names what the tables do not hold."""
    names = [str(name) for name in dict.fromkeys(known)]
    for word in wanted:
        if word not in names:
            near = get_close_matches(word, names, n=3, cutoff=0.5)
            meant = (
                f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are: {', '.join(names) or 'none'}"
            )
            raise ConfigError(f"{key}: {word!r} is not in the tables; {meant}")


def axis_values(acquisitions: pd.DataFrame, axis: str) -> dict[int, float]:
    """Return the axis value (s) of each acquisition; of ``start_time_s`` the middle of its whole window."""
    groups = acquisitions.groupby("acquisition")
    if axis == "start_time_s":
        values = (groups["start_time_s"].min() + groups["end_time_s"].max()) / 2
    else:
        values = groups[axis].first()
    return _by_acquisition(values)


def region_axis_values(acquisitions: pd.DataFrame, axis: str) -> dict[tuple[int, str], float]:
    """Return the axis value (s) of each region; of ``start_time_s`` the middle of its own window, as in rate laws."""
    values = acquisitions[axis]
    if axis == "start_time_s":
        values = (values + acquisitions["end_time_s"]) / 2
    keys = zip(acquisitions["acquisition"], acquisitions["region"], strict=True)
    return {(int(number), str(region)): float(value) for (number, region), value in zip(keys, values, strict=True)}


def is_lower_bound(acquisitions: pd.DataFrame, axis: str) -> bool:
    """Return whether ``axis`` is elapsed time that was added up from live times: real pauses are missing from it."""
    return axis == "start_time_s" and bool((acquisitions["time_origin"] == "computed").any())


def _by_acquisition(values: pd.Series) -> dict[int, float]:
    known = values.dropna()
    return dict(zip(map(int, known.index.tolist()), map(float, known.tolist()), strict=True))


def _last_column(
    settings: Mapping[str, Any], acquisitions: pd.DataFrame, calibration: pd.DataFrame
) -> dict[int, float]:
    quantity = settings.get("last_column", "none")
    if quantity == "shift_ev":
        return _by_acquisition(calibration.groupby("acquisition")["shift_ev"].first())
    if quantity in ("charge_uah", "charge_uah_cm2"):
        area = settings["charge_area_cm2"] if quantity == "charge_uah_cm2" else 1.0
        return {number: charge / area for number, charge in _charges_uah(acquisitions).items()}
    return {}


def _charges_uah(acquisitions: pd.DataFrame) -> dict[int, float]:
    """Cumulated plating charge: each dose is the current of its own acquisition times the plating time added."""
    first = acquisitions.sort_values("acquisition", kind="stable").groupby("acquisition")
    doses = pd.DataFrame({"time": first["plating_time_s"].first(), "current": first["plating_current_ua"].first()})
    added = doses["time"].diff().fillna(doses["time"])
    steps = (added * doses["current"]).where(added != 0, 0.0)
    return _by_acquisition(steps.cumsum(skipna=False) / 3600)


def _parameter_values(parameters: pd.DataFrame) -> dict[tuple[str, str, int, str], dict[str, float]]:
    values: dict[tuple[str, str, int, str], dict[str, float]] = {}
    for row in records(parameters[parameters["component"].notna() & parameters["value"].notna()]):
        key = (row["model"], row["region"], row["acquisition"], row["component"])
        values.setdefault(key, {})[row["parameter"]] = row["value"]
    return values


def _panel(
    key: PanelKey,
    channels: pd.DataFrame,
    fit: Mapping[str, Any] | None,
    components: pd.DataFrame,
    parameters: Mapping[tuple[str, str, int, str], Mapping[str, float]],
) -> Panel:
    ordered = channels.sort_values("binding_energy_ev", ascending=False, kind="stable")
    energy, data, envelope, background, residual = (
        ordered[name].to_numpy(dtype=np.float64, na_value=np.nan)
        for name in ("binding_energy_ev", "data_cps", "envelope_cps", "background_cps", "residual_sigma")
    )
    if fit is None or not fit["success"]:
        return Panel(key, energy, data, None, None, None, (), str(fit["message"]) if fit else "no fit was recorded")
    model, region, acquisition = key
    here = (
        (components["model"] == model) & (components["region"] == region) & (components["acquisition"] == acquisition)
    )
    curves = tuple(
        Curve(
            component=part["component"],
            core_level=part["core_level"],
            species=part["species"],
            intensity_cps=component_cps(
                parameters.get((*key, part["component"]), {}),
                energy,
                f"{' '.join(map(str, key))} {part['component']}",
                part.get("shape"),
            ),
            uncertain=part["verdict"] in ("conditional", "not_identified"),
            detected=part["detected"] is not False,
        )
        for part in records(components[here])
    )
    rejected = float(fit["reduced_chi_square"]) if fit["p_value"] < POOR_P_VALUE else None
    return Panel(key, energy, data, envelope, background, residual, curves, "", rejected)


def component_cps(
    parameters: Mapping[str, float], binding_energy_ev: Floats, place: str, shape: str | None = None
) -> Floats:
    """Return a component's intensity (counts/s) at ``binding_energy_ev`` from its rows of the parameters table.

    ``shape`` is that of its row in ``components``. TableError naming ``place`` when a parameter is missing.
    """
    try:
        return drawing.component(shape or _shape(parameters), binding_energy_ev, parameters)
    except KeyError as error:
        raise TableError(f"parameters of {place}: {error} is missing, so the component cannot be redrawn") from error


def _shape(parameters: Mapping[str, float]) -> str:
    """The shape of a component whose row names none, from the width or fraction it carries; Gaussian without any."""
    if "lorentzian_fwhm_ev" in parameters:
        return "voigt"
    return "pseudo_voigt" if "fraction" in parameters else "gaussian"
