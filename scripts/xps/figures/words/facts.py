"""What the tables say about how numbers were made, in sentences: for captions and for the methods section."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from xps.figures.reading.frames import POOR_P_VALUE, Frames, records
from xps.figures.reading.times import is_lower_bound
from xps.provenance import Record

_MOST_NAMED = 12
# Below, another line of its level may have been taken for the reference.
_DOUBTFUL_SHARE = 0.5
SHAPES = {
    "voigt": "Voigt",
    "gaussian": "Gaussian",
    "lorentzian": "Lorentzian",
    "pseudo_voigt": "pseudo-Voigt",
    "gl_product": "GL product",
    "doniach_sunjic": "Doniach-Šunjić with Gaussian",
    "la": "LA",
}
_BACKGROUNDS = {"shirley": "Shirley", "tougaard": "Tougaard"}
_NAMES = {**SHAPES, **_BACKGROUNDS}
_LIKELIHOODS = {"poisson": "Poisson", "neyman": "Neyman (weights from the counts)"}
_SOFTWARE = ("numpy", "scipy", "lmfit", "pyarrow", "pandas", "matplotlib", "seaborn")


def left_out(held: Frames) -> str:
    """Return how many acquisitions and fits there are, and which are excluded, failed or doubtful."""
    sentences = []
    if "acquisitions" in held:
        acquired = held["acquisitions"]
        excluded = records(acquired[acquired["excluded"]].drop_duplicates(["experiment", "acquisition"]))
        reasons = [f"{row['acquisition']} ({row['exclusion_reason'] or 'no reason given'})" for row in excluded]
        number = len(acquired.drop_duplicates(["experiment", "acquisition"]))
        sentences.append(
            f"{count(number, 'acquisition')}, {len(excluded)} excluded by the operator's log{_after_colon(reasons)}."
        )
    if "fits" in held:
        fits, absent = _of_measured(held)
        failures = [
            f"{row['model']} {row['region']} in acquisition {row['acquisition']} ({row['message']})"
            for row in records(fits[~fits["success"]])
        ]
        words = f"{count(len(fits), 'fitted window')}, {len(failures)} failed{_after_colon(failures)}."
        sentences.append(words + (f" Not measured: {count(absent, 'window')}." if absent else "") + _doubtful(fits))
    return " ".join(sentences)


def _of_measured(held: Frames) -> tuple[pd.DataFrame, int]:
    """Return the fits of windows that were measured, and how many there are of windows that were not."""
    fits = held["fits"]
    if "acquisitions" not in held:
        return fits, 0
    keys = ["experiment", "acquisition", "region"]
    measured = pd.MultiIndex.from_frame(held["acquisitions"][keys])
    kept = fits[fits["success"] | pd.MultiIndex.from_frame(fits[keys]).isin(measured)]
    return kept, len(fits) - len(kept)


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
            f"{count(len(poor), 'window')}, worst {place} with a reduced chi square of "
            f"{worst['reduced_chi_square']:.3g}."
        )
    return words


def _after_colon(words: Sequence[str]) -> str:
    return f": {listed(words)}" if words else ""


def energy_scale(held: Frames) -> str:
    """Return how binding energies were referenced; nothing where the figure has no calibration."""
    if "calibration" not in held:
        return ""
    calibration = held["calibration"]
    if calibration.empty:
        return "Energy scale: no calibration is recorded."
    methods = set(calibration["method"])
    if methods == {"none"}:
        return "Energy scale: as recorded, no reference."
    if methods == {"fixed"}:
        shifts = listed(f"{shift:+.2f}".replace("-", "−") for shift in calibration["shift_ev"].unique())
        return f"Energy scale: a fixed shift of {shifts} eV, no reference."
    parts = []
    for _, rows in calibration.groupby("reference", sort=False):
        found = rows.drop_duplicates(["experiment", "acquisition"])["method"].value_counts(sort=False)
        counts = listed(f"{method} in {number}" for method, number in found.items())
        energies = rows["reference_binding_energy_ev"].dropna().unique()
        at = f" at {listed(f'{energy:.2f}' for energy in energies)} eV" if len(energies) else ""
        shifts = f"{rows['shift_ev'].min():+.2f} to {rows['shift_ev'].max():+.2f} eV".replace("-", "−")
        parts.append(f"reference {rows['reference'].iloc[0]}{at} ({counts}), shifts {shifts}")
    doubtful = calibration[calibration["found_share"] < _DOUBTFUL_SHARE].drop_duplicates(["experiment", "acquisition"])
    if len(doubtful):
        parts.append(
            f"in {count(len(doubtful), 'acquisition')} the reference is less than half of its level's area, so that "
            "another line may have been taken for it"
        )
    return (
        f"Energy scale: {'; '.join(parts)}, standard error at most {calibration['shift_stderr_ev'].max():.2g} eV; "
        f"drift of single regions allowed for: {calibration['drift_stderr_ev'].max():.2g} eV. The reference's own "
        "error is not in the positions' standard errors."
    )


def fitting(held: Frames) -> str:
    """Return likelihood, backgrounds, line shapes, doublets and ties; nothing where the figure has no fits."""
    if not {"fits", "parameters", "components"} <= set(held) or held["fits"].empty:
        return ""
    fits, parameters, components = held["fits"], held["parameters"], held["components"]
    names = components.drop_duplicates(["model", "component"])
    windows = fits.drop_duplicates(["model", "region"])
    backgrounds = "; ".join(
        f"{background_name(str(name))} ({listed(dict.fromkeys(own['region']))})"
        for name, own in windows.groupby("background", sort=False)
    )
    doublets = set(map(tuple, _having(parameters, "splitting_ev")))
    shapes = []
    for shape, called in SHAPES.items():
        own = dict.fromkeys(row["component"] for row in records(names) if row.get("shape") == shape)
        if own:
            shapes.append(f"{called} ({listed(own)})")
    paired = dict.fromkeys(row["component"] for row in records(names) if (row["model"], row["component"]) in doublets)
    text = f"Fits: {likelihood(fits)}. Backgrounds fitted with the peaks: {backgrounds}."
    text += f" Line shapes: {'; '.join(shapes)}." if shapes else ""
    text += f" Doublets of fixed splitting and area ratio: {listed(paired)}." if paired else ""
    return text + _ties(parameters)


def likelihood(fits: pd.DataFrame) -> str:
    """Return the likelihood and the engine of fits."""
    names = listed(_LIKELIHOODS.get(name, name) for name in dict.fromkeys(fits["likelihood"]))
    return f"likelihood {names}, engine {listed(dict.fromkeys(fits['engine']))}"


def background_name(kind: str) -> str:
    """Return a background's name as it is written."""
    return _BACKGROUNDS.get(kind, kind)


def _ties(parameters: pd.DataFrame) -> str:
    words = ""
    for status, kind in (("exact_tie", "Exact ties"), ("soft_tie", "Soft ties (a value with its error)")):
        tied = parameters[(parameters["status"] == status) & parameters["tied_to"].notna()]
        rows = records(tied.drop_duplicates(["model", "component", "parameter"]))
        named = dict.fromkeys(f"{row['component']} {plain(row['parameter'])} to {row['tied_to']}" for row in rows)
        words += f" {kind}: {listed(named)}." if named else ""
    return words


def plain(column: str) -> str:
    """Return a column's or parameter's name without its unit, in words."""
    for unit in ("_cps_ev", "_ev", "_cps", "_s"):
        column = column.removesuffix(unit)
    return column.replace("fwhm", "FWHM").replace("lorentzian", "Lorentzian").replace("_", " ")


def changed(change: str) -> str:
    """Return what an alternative changes as it is written: shapes and backgrounds by name, units behind numbers."""
    return "; ".join(", ".join(map(_changed, clause.split(", "))) for clause in change.split("; "))


def _changed(part: str) -> str:
    unit = " eV" if "_ev " in part and part[-1].isdigit() else ""
    return re.sub(r"\b[a-z_]+\b", lambda match: _NAMES.get(match[0], plain(match[0])), part) + unit


def _having(parameters: pd.DataFrame, name: str) -> Sequence[Sequence[str]]:
    rows = parameters[(parameters["parameter"] == name) & parameters["component"].notna()]
    return list(rows[["model", "component"]].drop_duplicates().itertuples(index=False, name=None))


def sources(held: Frames, axis: str, record: Record) -> str:
    """Return raw files and instruments, software with versions, and where the lineage is."""
    return f"{_raw(held, axis)}{software(record)} Lineage and plotted numbers are attached to the PDF."


def _raw(held: Frames, axis: str) -> str:
    if "acquisitions" not in held:
        return ""
    acquired = held["acquisitions"]
    files = acquired.drop_duplicates("source_file")
    instruments = [text for text in dict.fromkeys(acquired["instrument"]) if isinstance(text, str)]
    computed = " Times are computed from live times, a lower bound." if is_lower_bound(acquired, axis) else ""
    return f"Raw data: {count(len(files), 'file')}{f' of {listed(instruments)}' if instruments else ''}.{computed} "


def software(record: Record) -> str:
    """Return the software that can change a number, with its versions, and the code's fingerprint."""
    versions = listed(f"{name} {record.versions[name]}" for name in _SOFTWARE if name in record.versions)
    return (
        f"Software: Python {record.versions.get('python', 'unknown')}, {versions}. "
        f"Code fingerprint {record.fingerprint[:12]}."
    )


def assumptions(conditions: Iterable[Any]) -> str:
    """Return conditions as one list in which each clause stands once; they share most of them."""
    texts = (str(text) for text in conditions if isinstance(text, str))
    return "; ".join(dict.fromkeys(clause.strip() for text in texts for clause in text.split(";") if clause.strip()))


def verdict(row: Mapping[str, Any]) -> str:
    """Return the verdict of a row of ``kinetics`` or ``courses`` with its reason, in words."""
    return ": ".join([row["verdict"].replace("_", " "), *([row["reason"]] if isinstance(row["reason"], str) else [])])


def count(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural where it should be."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(words: Iterable[Any]) -> str:
    """Join words by commas; a long list is cut with its number, the tables have the rest."""
    texts = [str(word) for word in words]
    if len(texts) > _MOST_NAMED:
        return ", ".join(texts[:_MOST_NAMED]) + f" and {len(texts) - _MOST_NAMED} more"
    return ", ".join(texts)
