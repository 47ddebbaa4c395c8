"""The methods section a journal asks for, written from tables and settings, with its blanks listed.

What is asked for follows the list of xpsfitting.com (instrument, source, calibration, charge, scan details, geometry,
software, background, line shapes, sensitivity factors) and ISO 16243. A blank is what no file and no setting says: it
is printed as such and never guessed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from xps.figures.reading.frames import Frames
from xps.figures.words import facts, model_tables
from xps.provenance import Record

_ALWAYS_BLANK = (
    "X-ray source, power and spot size (no PHI header field that is read holds them)",
    "base pressure of the chamber (the operator's log gives pressures during acquisition)",
    "calibration of the energy scale against metals (Au 4f7/2 83.96 eV, Cu 2p3/2 932.62 eV) and its date (ISO 15472)",
    "repeatability of intensities (ISO 24237)",
    "width of Ag 3d5/2 at the pass energy of the detail spectra",
    "proof that charge compensation was stable (widths against neutraliser settings)",
    "X-ray dose, and first against last survey on an untreated spot (ISO 18554)",
    "how samples were made, transferred and mounted",
)
_ASKED = {
    "instrument": "instrument",
    "software": "acquisition software",
    "photon_energy_ev": "photon energy",
    "pass_energy_ev": "pass energy",
    "emission_angle_deg": "take-off angle",
    "source_analyser_angle_deg": "angle between source and analyser",
    "neutraliser_current_ua": "neutraliser setting",
    "pressure_pa": "pressure",
    "transmission_a": "transmission function",
}
_INSTRUMENT = {
    "instrument": "{}",
    "software": "acquisition software {}",
    "photon_energy_ev": "photon energy {} eV",
    "emission_angle_deg": "emission angle {} deg from the surface normal",
    "source_analyser_angle_deg": "{} deg between X-rays and analyser",
    "neutraliser_current_ua": "neutraliser setting during acquisition {} µA",
}
_ORIGINS = {"core_levels": "from fitted core levels", "survey": "from surveys"}
_SCAN = ("pass_energy_ev", "step_ev", "time_per_channel_s", "sweeps", "channels")


def write(
    tables: Mapping[str, pa.Table],
    settings: Mapping[str, Mapping[str, Any]],
    models: Mapping[str, Mapping[str, Any]],
    record: Record,
) -> str:
    """Return the methods section as Markdown: what experiments share, each of them, the fit models, then blanks.

    ``tables`` hold all experiments, one below the other; ``settings`` gives each one's ``description``, ``label`` and
    ``areas_cm2``, ``models`` each fit model's file.
    """
    held = {name: table.to_pandas() for name, table in tables.items()}
    experiments = list(dict.fromkeys(held["acquisitions"]["experiment"]))
    own = {name: {key: frame[frame["experiment"] == name] for key, frame in held.items()} for name in experiments}
    given = {name: settings.get(name, {}) for name in experiments}
    parts = [
        "# Methods",
        _origin(held["acquisitions"]),
        "## Spectrometer",
        *_grouped({name: _instrument(own[name]["acquisitions"]) for name in experiments}),
        _regions(held["acquisitions"]),
        "## Series",
        *(part for name in experiments for part in _experiment(name, own[name], given[name])),
        "## Energy scale",
        *_grouped({name: facts.energy_scale(own[name]) for name in experiments}),
        "## Fits",
        *_grouped({name: _engine(own[name]["fits"]) for name in experiments}),
        *(model_tables.written(name, models[name]) for name in _used(held["fits"], models)),
        "## Quantification",
        *_grouped({name: _quantification(own[name]) for name in experiments}),
        _statistics(),
        facts.software(record),
        _blank_list({name: _blanks(own[name], given[name]) for name in experiments}),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _origin(acquired: pd.DataFrame) -> str:
    simulated = list(dict.fromkeys(acquired.loc[acquired["data_origin"] == "simulated", "experiment"]))
    if not simulated:
        return ""
    return f"**SIMULATED DATA** in {', '.join(simulated)}: a program made these spectra; nothing was measured."


def _grouped(words: Mapping[str, str]) -> list[str]:
    """Return each text once, led by the experiments that it holds for where these are not all."""
    where: dict[str, list[str]] = {}
    for experiment, text in words.items():
        where.setdefault(text, []).append(experiment)
    where.pop("", None)
    if len(where) == 1 and len(next(iter(where.values()))) == len(words):
        return list(where)
    return [f"{', '.join(names)}: {text}" for text, names in where.items()]


def _experiment(name: str, held: Frames, settings: Mapping[str, Any]) -> list[str]:
    label = str(settings.get("label", ""))
    return [
        f"### {name}{f' ({label})' if label else ''}",
        str(settings.get("description", "")).strip(),
        _plating(held["acquisitions"], settings),
        facts.left_out(held),
    ]


def _instrument(acquired: pd.DataFrame) -> str:
    said = [_said(acquired, column, words) for column, words in _INSTRUMENT.items()]
    words = "; ".join(word for word in said if word)
    return f"Instrument: {words}." if words else ""


def _said(frame: pd.DataFrame, column: str, words: str) -> str:
    values = frame[column].dropna().unique()
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return words.format(facts.listed(texts)) if texts else ""


def _regions(acquired: pd.DataFrame) -> str:
    """Return a table of scan settings, a row for each region and what it was measured with."""
    timed = acquired.assign(
        step_ev=acquired["step_ev"].abs(), minutes=(acquired["end_time_s"] - acquired["start_time_s"]) / 60
    )
    rows = []
    for (region, *scan), own in timed.groupby(["region", *_SCAN], sort=False, dropna=False):
        ends = dict.fromkeys(f"{minutes:.1f}" for minutes in (own["minutes"].min(), own["minutes"].max()))
        where = ", ".join(dict.fromkeys(own["experiment"]))
        rows.append([str(region), *map(_number, scan), " to ".join(ends), where])
    headings = ["region", "pass energy (eV)", "step (eV)", "time per channel, all sweeps (s)", "sweeps", "channels",
                "duration (min)", "experiments"]  # fmt: skip
    return model_tables.table(headings, rows)


def _number(value: Any) -> str:
    return "–" if pd.isna(value) else f"{value:g}"


def _plating(acquired: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    cycles = acquired.drop_duplicates("acquisition")
    words = [f"{facts.count(len(cycles), 'acquisition')} from {facts.count(acquired['source_file'].nunique(), 'file')}"]
    for column, noun in (("plating_time_s", "plating"), ("rest_time_s", "rest"), ("sputter_time_s", "sputtering")):
        times = cycles[column].dropna() / 60
        if times.any():
            words.append(f"after {', '.join(f'{time:g}' for time in times)} min of {noun}")
    words.append(_said(acquired, "plating_current_ua", "at {} µA"))
    areas = settings.get("areas_cm2") or {}
    words.append("areas: " + ", ".join(f"{name} {area} cm²" for name, area in areas.items()) if areas else "")
    words.append(_said(acquired, "pressure_pa", "pressure {} Pa by the operator's log"))
    timed = "by the operator's log" if (acquired["time_origin"] == "log").all() else "computed, a lower bound"
    return "; ".join(word for word in words if word) + f". Times {timed}."


def _engine(fits: pd.DataFrame) -> str:
    if fits.empty:
        return ""
    return f"Fits: {facts.likelihood(fits)}."


def _used(fits: pd.DataFrame, models: Mapping[str, Any]) -> list[str]:
    return [name for name in dict.fromkeys(fits["model"]) if name in models]


def _quantification(held: Frames) -> str:
    if "composition" not in held or held["composition"].empty:
        return ""
    composition = held["composition"]
    factors = facts.listed(composition["factor_set"].unique())
    elements = composition[composition["kind"] == "element"]
    told = [
        f"{_ORIGINS.get(str(origin), str(origin))}: {', '.join(dict.fromkeys(rows['line']))}"
        for origin, rows in elements.groupby("origin", sort=False)
    ]
    by = f" ({'; '.join(told)})" if told else ""
    return f"Atomic percent for a homogeneous sample with the sensitivity factors {factors}{by}."


def _statistics() -> str:
    return "## Uncertainties\n\n" + (
        "Counts are Poisson distributed and are fitted with their backgrounds; no data were smoothed or "
        "background-subtracted before the fit. Standard errors come from the full covariance, not rescaled by chi "
        "square. Areas carry 95 % intervals and, where declared alternatives were fitted, a systematic standard error "
        "beside the statistical one. A component that was not detected is given by its 95 % upper limit."
    )


def _blanks(held: Frames, settings: Mapping[str, Any]) -> list[str]:
    acquired = held["acquisitions"]
    missing = [words for column, words in _ASKED.items() if acquired[column].isna().all()]
    if acquired["plating_time_s"].fillna(0.0).any() and not settings.get("areas_cm2"):
        missing.append("area for the charge density")
    if "composition" not in held or held["composition"].empty:
        missing.append("sensitivity factors (no composition was computed)")
    if not (acquired["time_origin"] == "log").all():
        missing.append("wall-clock time of each region")
    return missing


def _blank_list(blanks: Mapping[str, Iterable[str]]) -> str:
    """Return what is asked for and nobody says, each with the experiments that it is missing in, if not in all."""
    where: dict[str, list[str]] = {}
    for experiment, words in blanks.items():
        for word in words:
            where.setdefault(word, []).append(experiment)
    lines = [f"- {words}" for words in _ALWAYS_BLANK]
    lines += [f"- {words} ({', '.join(names)})" for words, names in where.items()]
    return "## To be filled in\n\nAsked for, and said by no file and no setting:\n\n" + "\n".join(lines)
