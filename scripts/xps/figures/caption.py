"""The caption of a figure, written from the tables: what is shown, how it was made, and what is left out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from xps.figures import style
from xps.figures.selection import POOR_P_VALUE, interpolated_shifts, is_lower_bound, of_experiment, records
from xps.provenance import Record

_MOST_NAMED = 12
_SHAPES = {
    "voigt": "Voigt",
    "gaussian": "Gaussian",
    "lorentzian": "Lorentzian",
    "pseudo_voigt": "pseudo-Voigt",
    "gl_product": "GL product",
    "doniach_sunjic": "Doniach-Šunjić with Gaussian",
    "la": "LA",
}
_SOFTWARE = ("numpy", "scipy", "lmfit", "pyarrow", "pandas", "matplotlib", "seaborn")
_ORIGINS = {
    "simulated": "**SIMULATED DATA:** a program made these spectra; nothing here was measured.",
    "mixed": "**PARTLY SIMULATED DATA:** measured and simulated spectra meet in this figure.",
}


def write(name: str, settings: Mapping[str, Any], tables: Mapping[str, pa.Table], record: Record) -> str:
    """Return the caption of the figure ``name`` as Markdown, one paragraph per subject."""
    frames = {key: of_experiment(table, settings) for key, table in tables.items()}
    shown = _grid(settings, frames) if settings["kind"] == "spectra_grid" else _series(settings, frames)
    paragraphs = [
        f"**{name}.** {shown}",
        _ORIGINS.get(record.data_origin, ""),
        _left_out(frames),
        _calibration(frames["calibration"]),
        _fitting(frames),
        _sources(frames["acquisitions"], settings["axis"], record),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def first_sentence(text: str) -> str:
    """Return the caption's first sentence without Markdown marks."""
    plain = re.sub(r"[*`]", "", text.split("\n\n")[0])
    words = plain.split(". ")
    return ". ".join(words[:2]).rstrip(".") + "."


def _grid(settings: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]) -> str:
    axis = style.axis_text(settings["axis"], 0.0).heading.lower()
    scale = (
        "Every panel is stretched to its own intensity range; ×n says how many times more than the panel of largest "
        "range in its column, whose range stands above the column."
        if settings.get("scale", "panel") == "panel"
        else "All panels of a column share one intensity range, which stands above the column."
    )
    behind = {
        "none": "",
        "shift_ev": " Behind each row: the shift added to the recorded binding energies"
        + (", ≈ where it is interpolated." if interpolated_shifts(frames["calibration"]) else "."),
        "charge_uah": " Behind each row: the plating charge, current × time.",
        "charge_uah_cm2": f" Behind each row: the plating charge per area ({settings.get('charge_area_cm2')} cm²).",
    }[settings.get("last_column", "none")]
    return (
        f"X-ray photoelectron spectra of {settings['experiment']} with their fits. "
        f"Rows: acquisitions, with {axis}; columns: measured windows with the core levels fitted in them.{behind} "
        "Grey points: data as counted, no background subtracted; filled: components on the fitted background (dashed); "
        f"black line: envelope. {_hatched(settings, frames['components'])}Dashed outlines without filling: components "
        "that were not detected. Strip under each panel: (counts − fit) / √fit in standard "
        f"deviations σ; its half height stands above the column, grey band ±2 σ, red marks lie beyond it. {scale}"
    )


def _hatched(settings: Mapping[str, Any], components: pd.DataFrame) -> str:
    """Return what hatching means, where a detected component of the figure's windows and rows is hatched."""
    drawn = components
    if "core_levels" in settings:
        regions = drawn.loc[drawn["core_level"].isin(settings["core_levels"]), "region"]
        drawn = drawn[drawn["region"].isin(regions)]
    if "acquisitions" in settings:
        drawn = drawn[drawn["acquisition"].isin(settings["acquisitions"])]
    uncertain = drawn["verdict"].isin(["conditional", "not_identified"]) & drawn["detected"].ne(False)
    return "Hatched components hold only under a condition that the tables name. " if uncertain.any() else ""


def _series(settings: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]) -> str:
    axis = style.axis_text(settings["axis"], 0.0).heading.lower()
    quantity = {
        "area_fraction": "Shares of the species in the area of their core level",
        "area_cps_ev": "Areas of the fitted components (both lines of a doublet)",
    }[settings["quantity"]]
    chosen = _chosen_laws(settings, frames)
    if not settings.get("laws", True):
        law_words = "Rate laws are in the kinetics table"
    elif chosen:
        law_words = (
            "Solid lines: rate laws that describe the points and beat a constant and every law that could be tested by "
            f"6 in BIC ({_listed(chosen)}); see the kinetics table"
        )
    else:
        law_words = "No rate law was chosen for any component; the kinetics table says why"
    return (
        f"{quantity} in {settings['experiment']} against {axis}. "
        "Error bars: one standard error of the fit, counting statistics only. Arrows: 95 % upper limits of components "
        f"that were not detected. Dotted lines join the points of a component and mean nothing else. "
        f"{law_words}."
    )


def _chosen_laws(settings: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return ``component law`` for each law that was chosen for a component of the figure."""
    shown = frames["components"]
    for key, column in (("core_levels", "core_level"), ("species", "species")):
        shown = shown[shown[column].isin(settings[key])] if key in settings else shown
    components = set(zip(shown["model"], shown["component"], strict=True))
    kinetics = frames["kinetics"]
    laws = kinetics[(kinetics["quantity"] == settings["quantity"]) & (kinetics["chosen"] == "yes")]
    rows = records(laws.drop_duplicates(["model", "component", "law"]))
    return [
        f"{row['core_level']} {row['component']} {row['law']}"
        for row in rows
        if (row["model"], row["component"]) in components
    ]


def _left_out(frames: Mapping[str, pd.DataFrame]) -> str:
    acquired, fits = frames["acquisitions"], frames["fits"]
    excluded = records(acquired[acquired["excluded"]].drop_duplicates("acquisition"))
    failed = records(fits[~fits["success"]])
    reasons = [f"{row['acquisition']} ({row['exclusion_reason'] or 'no reason given'})" for row in excluded]
    failures = [
        f"{row['model']} {row['region']} in acquisition {row['acquisition']} ({row['message']})" for row in failed
    ]
    return (
        f"{_count(acquired['acquisition'].nunique(), 'acquisition')}, "
        f"{len(excluded)} excluded by the operator's log{_after_colon(reasons)}. "
        f"{_count(len(fits), 'fitted window')}, {len(failed)} failed{_after_colon(failures)}.{_doubtful(fits)}"
    )


def _doubtful(fits: pd.DataFrame) -> str:
    """Return which fits converged and yet should not be trusted: they look like any other in a time series."""
    fitted = fits[fits["success"]]
    poor = fitted[fitted["p_value"] < POOR_P_VALUE].sort_values("reduced_chi_square", ascending=False, kind="stable")
    bound = fitted[fitted["bounds_hit"].map(len) > 0]
    words = f" Fitted windows with a parameter at a bound: {len(bound)}." if len(bound) else ""
    if len(poor):
        worst = poor.iloc[0]
        place = f"{worst['model']} in acquisition {worst['acquisition']}"
        words += (
            f" Fits that the counts reject (p < {POOR_P_VALUE}; their errors are too small): "
            f"{_count(len(poor), 'window')}, worst {place} with a reduced chi square of "
            f"{worst['reduced_chi_square']:.3g}."
        )
    return words


def _after_colon(words: Sequence[str]) -> str:
    return f": {_listed(words)}" if words else ""


def _calibration(calibration: pd.DataFrame) -> str:
    if calibration.empty:
        return "Energy scale: no calibration is recorded."
    methods = set(calibration["method"])
    if methods == {"none"}:
        return "Energy scale: as recorded, no reference."
    if methods == {"fixed"}:
        shifts = _listed(f"{shift:+.2f}".replace("-", "−") for shift in calibration["shift_ev"].unique())
        return f"Energy scale: a fixed shift of {shifts} eV, no reference."
    parts = []
    for _, rows in calibration.groupby("reference", sort=False):
        found = rows.drop_duplicates("acquisition")["method"].value_counts(sort=False)
        counts = _listed(f"{method} in {number}" for method, number in found.items())
        energies = rows["reference_binding_energy_ev"].dropna().unique()
        at = f" at {_listed(f'{energy:.2f}' for energy in energies)} eV" if len(energies) else ""
        shifts = f"{rows['shift_ev'].min():+.2f} to {rows['shift_ev'].max():+.2f} eV".replace("-", "−")
        parts.append(f"reference {rows['reference'].iloc[0]}{at} ({counts}), shifts {shifts}")
    return f"Energy scale: {'; '.join(parts)}. The reference's own error is not in the positions' standard errors."


def _fitting(frames: Mapping[str, pd.DataFrame]) -> str:
    fits, parameters, components = frames["fits"], frames["parameters"], frames["components"]
    if fits.empty:
        return ""
    names = components.drop_duplicates(["model", "component"])
    windows = fits.drop_duplicates(["model", "region"])
    backgrounds = _listed(f"{row['region']} {row['background']}" for row in records(windows))
    doublets = set(map(tuple, _having(parameters, "splitting_ev")))
    shapes = []
    for shape, called in _SHAPES.items():
        own = [row["component"] for row in records(names) if row.get("shape") == shape]
        if own:
            shapes.append(f"{called} ({_listed(own)})")
    paired = [row["component"] for row in records(names) if (row["model"], row["component"]) in doublets]
    text = (
        f"Fits: {_listed(dict.fromkeys(fits['likelihood']))}, engine {_listed(dict.fromkeys(fits['engine']))}. "
        f"Backgrounds fitted with the peaks: {backgrounds}."
    )
    text += f" Line shapes: {'; '.join(shapes)}." if shapes else ""
    text += f" Doublets of fixed splitting and area ratio: {_listed(paired)}." if paired else ""
    return text


def _having(parameters: pd.DataFrame, name: str) -> Sequence[Sequence[str]]:
    rows = parameters[(parameters["parameter"] == name) & parameters["component"].notna()]
    return list(rows[["model", "component"]].drop_duplicates().itertuples(index=False, name=None))


def _sources(acquired: pd.DataFrame, axis: str, record: Record) -> str:
    files = acquired.drop_duplicates("source_file")
    instruments = [text for text in dict.fromkeys(acquired["instrument"]) if isinstance(text, str)]
    computed = " Times are computed from live times, a lower bound." if is_lower_bound(acquired, axis) else ""
    versions = _listed(f"{name} {record.versions[name]}" for name in _SOFTWARE if name in record.versions)
    return (
        f"Raw data: {_count(len(files), 'file')}{f' of {_listed(instruments)}' if instruments else ''}.{computed} "
        f"Software: Python {record.versions.get('python', 'unknown')}, {versions}. "
        f"Code fingerprint {record.fingerprint[:12]}. Lineage and plotted numbers are attached to the PDF."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(words: Iterable[Any]) -> str:
    """Join words by commas; a long list is cut with its number, the tables have the rest."""
    texts = [str(word) for word in words]
    if len(texts) > _MOST_NAMED:
        return ", ".join(texts[:_MOST_NAMED]) + f" and {len(texts) - _MOST_NAMED} more"
    return ", ".join(texts)
