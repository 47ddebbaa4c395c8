"""Which numbers a grid of spectra shows: from the tables to one record per panel, before anything is drawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from xps.errors import ConfigError
from xps.figures.reading.frames import POOR_P_VALUE, Frames, check_known, frames, records, windows_of
from xps.figures.reading.redrawn import component_cps
from xps.figures.reading.times import axis_values, by_acquisition, charges_uah, is_lower_bound

Floats = NDArray[np.float64]
PanelKey = tuple[str, str, int]
# A component lower than this share of its panel's height leaves nothing on paper that could be seen.
VISIBLE = 0.01
# ASSUME a species with less than this share of its core level is no part of the first spectrum: a line through the
# column would mark one chance detection in twenty.
GUIDED_SHARE = 0.02


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

    @property
    def noise_cps(self) -> float:
        """One standard deviation of the counting noise, from differences of neighbouring channels (1.4826 MAD / √2)."""
        if len(self.data_cps) < 3:
            return 0.0
        return float(1.4826 * np.median(np.abs(np.diff(self.data_cps))) / np.sqrt(2.0))

    def shows(self, curve: Curve) -> bool:
        """Return whether a component is drawn: it was detected, or it can be seen."""
        return curve.detected or self.is_visible(curve)

    def is_visible(self, curve: Curve) -> bool:
        """Return whether a component rises above a hundredth of the panel."""
        low, high = self.range_cps
        return float(np.max(curve.intensity_cps, initial=0.0)) > VISIBLE * (high - low)

    def without_background(self) -> "Panel":
        """Return the panel with the fitted background taken off; one whose fit failed has none and stays as it is."""
        if self.background_cps is None or self.envelope_cps is None:
            return self
        return replace(
            self,
            data_cps=self.data_cps - self.background_cps,
            envelope_cps=self.envelope_cps - self.background_cps,
            background_cps=np.zeros_like(self.background_cps),
        )


@dataclass(frozen=True, slots=True)
class Column:
    """One measured window of one model, the core levels fitted in it, and where its species stood at first (eV)."""

    model: str
    region: str
    core_levels: tuple[str, ...]
    first_positions_ev: tuple[float, ...] = ()


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
    guided: bool = False
    """Whether lines mark where the first row's species stand."""
    subtracted: bool = False
    """Whether the fitted backgrounds are taken off before drawing; ``panels`` hold what the tables hold."""

    def panel(self, row: Row, column: Column) -> Panel | None:
        """Return the panel where ``row`` and ``column`` meet, or None."""
        return self.panels.get((column.model, column.region, row.acquisition))

    def as_drawn(self) -> "Grid":
        """Return the grid as it meets the eye: without backgrounds where they are taken off."""
        if not self.subtracted:
            return self
        return replace(self, panels={key: panel.without_background() for key, panel in self.panels.items()})

    def column_panels(self, column: Column) -> list[Panel]:
        """Return the panels of ``column`` from the first row to the last."""
        found = [self.panel(row, column) for row in self.rows]
        return [panel for panel in found if panel is not None]

    @property
    def species(self) -> list[str]:
        """Species that are drawn, in the order in which a reader meets them: column by column, row by row."""
        return list(dict.fromkeys(curve.species for panel, curve in self._curves() if panel.shows(curve)))

    @property
    def visible_species(self) -> list[str]:
        """Those of the ``species`` that rise high enough to be seen in a panel."""
        return list(dict.fromkeys(curve.species for panel, curve in self._curves() if panel.is_visible(curve)))

    def _curves(self) -> Iterator[tuple[Panel, Curve]]:
        for column in self.columns:
            for panel in self.column_panels(column):
                yield from ((panel, curve) for curve in panel.components)


def select_grid(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> Grid:
    """Return the grid that a figure's ``settings`` ask for; ConfigError where they name what the tables lack."""
    check_known("models", settings.get("models", []), tables["curves"].column("model").unique().to_pylist())
    held = frames(tables, settings)
    columns = _columns(settings, held["curves"], held["components"])
    rows, _ = _rows(settings, held, columns)
    wanted = {(column.model, column.region) for column in columns}
    shown = {row.acquisition for row in rows}
    curves = held["components"], _parameter_values(held["parameters"])
    fits = {(fit["model"], fit["region"], fit["acquisition"]): fit for fit in records(held["fits"])}
    panels: dict[PanelKey, Panel] = {}
    for names, channels in held["curves"].groupby(["model", "region", "acquisition"]):
        model, region, acquisition = names
        key: PanelKey = (str(model), str(region), int(str(acquisition)))
        if key[:2] in wanted and key[2] in shown:
            panels[key] = _panel(key, channels, fits.get(key), *curves)
    drawn = tuple(column for column in columns if any(key[:2] == (column.model, column.region) for key in panels))
    if not drawn:
        raise ConfigError(
            f"nothing to draw: {settings['experiment']} has no spectrum in the windows and rows asked for"
        )
    return Grid(
        rows,
        drawn,
        panels,
        lower_bound=is_lower_bound(held["acquisitions"], settings["axis"]),
        guided=settings.get("guides", True) and len(rows) > 1 and any(column.first_positions_ev for column in drawn),
        subtracted=settings.get("background", "shown") == "subtracted",
    )


def _columns(settings: Mapping[str, Any], curves: pd.DataFrame, components: pd.DataFrame) -> tuple[Column, ...]:
    levels: dict[tuple[str, str], list[str]] = {
        (str(model), str(region)): [] for model, region in zip(curves["model"], curves["region"], strict=True)
    }
    for part in records(components.drop_duplicates(["model", "region", "core_level"])):
        levels.setdefault((part["model"], part["region"]), []).append(part["core_level"])
    first = _first_positions(components)
    found = [Column(*key, tuple(names), first.get(key, ())) for key, names in levels.items()]
    if "windows" in settings:
        order = windows_of(settings, components)
        return tuple(column for pair in order for column in found if (column.model, column.region) == pair)
    models = settings.get("models") or list(dict.fromkeys(column.model for column in found))
    ordered = [column for model in models for column in found if column.model == model]
    if "core_levels" not in settings:
        return tuple(ordered)
    check_known("core_levels", settings["core_levels"], (level for column in ordered for level in column.core_levels))
    chosen = [column for level in settings["core_levels"] for column in ordered if level in column.core_levels]
    return tuple(dict.fromkeys(chosen))


def _first_positions(components: pd.DataFrame) -> dict[tuple[str, str], tuple[float, ...]]:
    """Return for each model and region the energies of the species that its first acquisition holds."""
    seen = components[components["detected"].eq(True) & components["area_fraction"].ge(GUIDED_SHARE)]
    first = seen[seen["acquisition"] == components["acquisition"].min()]
    places: dict[tuple[str, str], tuple[float, ...]] = {}
    for part in records(first[first["position_ev"].notna()]):
        key = (part["model"], part["region"])
        places[key] = (*places.get(key, ()), float(part["position_ev"]))
    return places


def rows_drawn(settings: Mapping[str, Any], held: Frames) -> tuple[int, int]:
    """Return how many rows the grid has, and how many acquisitions have none: no window of it was measured in them."""
    rows, left_out = _rows(settings, held, _columns(settings, held["curves"], held["components"]))
    return len(rows), left_out


def _rows(settings: Mapping[str, Any], held: Frames, columns: Sequence[Column]) -> tuple[tuple[Row, ...], int]:
    """Return a row per acquisition asked for, else per one with a window to draw, and how many others there are."""
    acquired = held["acquisitions"]
    kept = acquired[~acquired["excluded"]]
    numbers = sorted({int(number) for number in kept["acquisition"]})
    measured = _measured(held["curves"], columns)
    wanted = settings.get("acquisitions", [number for number in numbers if number in measured])
    unknown = [number for number in wanted if number not in numbers]
    if unknown:
        raise ConfigError(f"acquisitions {unknown} do not exist or are excluded; there are {numbers}")
    times = axis_values(kept, settings["axis"])
    last = _last_column(settings, acquired, held["calibration"])  # an excluded dose was plated all the same
    guessed = interpolated_shifts(held["calibration"]) if settings.get("last_column") == "shift_ev" else set()
    rows = tuple(
        Row(number, times.get(number), last.get(number), number in guessed) for number in numbers if number in wanted
    )
    return rows, 0 if "acquisitions" in settings else len(numbers) - len(rows)


def _measured(curves: pd.DataFrame, columns: Sequence[Column]) -> set[int]:
    """Return the acquisitions in which one of the columns' windows was measured."""
    windows = {(column.model, column.region) for column in columns}
    keys = curves[["model", "region", "acquisition"]].drop_duplicates()
    return {int(row["acquisition"]) for row in records(keys) if (row["model"], row["region"]) in windows}


def interpolated_shifts(calibration: pd.DataFrame) -> set[int]:
    """Return the acquisitions whose shift was not fitted but taken from their neighbours."""
    return {int(number) for number in calibration.loc[calibration["method"] == "interpolated", "acquisition"]}


def _last_column(
    settings: Mapping[str, Any], acquisitions: pd.DataFrame, calibration: pd.DataFrame
) -> dict[int, float]:
    quantity = settings.get("last_column", "none")
    if quantity == "shift_ev":
        return by_acquisition(calibration.groupby("acquisition")["shift_ev"].first())
    if quantity in ("charge_uah", "charge_uah_cm2"):
        area = settings["charge_area_cm2"] if quantity == "charge_uah_cm2" else 1.0
        return {number: charge / area for number, charge in charges_uah(acquisitions).items()}
    return {}


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
                part["shape"] if isinstance(part["shape"], str) else None,
            ),
            uncertain=part["verdict"] in ("conditional", "not_identified"),
            detected=part["detected"] is not False,
        )
        for part in records(components[here])
    )
    rejected = float(fit["reduced_chi_square"]) if fit["p_value"] < POOR_P_VALUE else None
    return Panel(key, energy, data, envelope, background, residual, curves, "", rejected)
