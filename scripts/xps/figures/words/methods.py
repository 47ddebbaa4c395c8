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
from xps.figures.words import facts
from xps.provenance import Record

_ALWAYS_BLANK = (
    "X-ray source, power and spot size (no PHI header field that is read holds them)",
    "calibration of the energy scale against metals (Au 4f7/2 83.96 eV, Cu 2p3/2 932.62 eV) and its date (ISO 15472)",
    "width of Ag 3d5/2 at the pass energy of the detail spectra",
    "proof that charge compensation was stable (widths against neutraliser settings)",
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


def write(tables: Mapping[str, pa.Table], settings: Mapping[str, Mapping[str, Any]], record: Record) -> str:
    """Return the methods section as Markdown: what all experiments share, then one part per experiment, then blanks.

    ``tables`` hold all experiments, one below the other; ``settings`` gives each one's ``description`` and
    ``areas_cm2``.
    """
    held = {name: table.to_pandas() for name, table in tables.items()}
    parts = ["# Methods", _origin(held["acquisitions"])]
    blanks: dict[str, list[str]] = {}
    for experiment in dict.fromkeys(held["acquisitions"]["experiment"]):
        own = {name: frame[frame["experiment"] == experiment] for name, frame in held.items()}
        parts += _experiment(experiment, own, settings.get(experiment, {}))
        blanks[experiment] = _blanks(own, settings.get(experiment, {}))
    parts += [_statistics(), facts.software(record), _blank_list(blanks)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _origin(acquired: pd.DataFrame) -> str:
    simulated = list(dict.fromkeys(acquired.loc[acquired["data_origin"] == "simulated", "experiment"]))
    if not simulated:
        return ""
    return f"**SIMULATED DATA** in {', '.join(simulated)}: a program made these spectra; nothing was measured."


def _experiment(name: str, held: Frames, settings: Mapping[str, Any]) -> list[str]:
    acquired = held["acquisitions"]
    return [
        f"## {name}",
        str(settings.get("description", "")).strip(),
        _instrument(acquired),
        _regions(acquired),
        _plating(acquired, settings),
        facts.energy_scale(held),
        facts.fitting(held),
        _quantification(held),
        facts.left_out(held),
    ]


def _instrument(acquired: pd.DataFrame) -> str:
    words = [
        _said(acquired, "instrument", "Instrument: {}"),
        _said(acquired, "software", "acquisition software {}"),
        _said(acquired, "photon_energy_ev", "photon energy {} eV"),
        _said(acquired, "emission_angle_deg", "emission angle {} deg from the surface normal"),
        _said(acquired, "source_analyser_angle_deg", "{} deg between X-rays and analyser"),
        _said(acquired, "neutraliser_current_ua", "neutraliser setting {} µA"),
    ]
    return "; ".join(word for word in words if word) + "."


def _said(frame: pd.DataFrame, column: str, words: str) -> str:
    values = frame[column].dropna().unique()
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return words.format(facts.listed(texts)) if texts else ""


def _regions(acquired: pd.DataFrame) -> str:
    told = []
    for region, rows in acquired.groupby("region", sort=False):
        minutes = (rows["end_time_s"] - rows["start_time_s"]).median() / 60
        parts = [
            _said(rows, "pass_energy_ev", "pass energy {} eV"),
            _said(rows.assign(step_ev=rows["step_ev"].abs()), "step_ev", "step {} eV"),
            _said(rows, "time_per_channel_s", "{} s per channel in all"),
            _said(rows, "sweeps", "{} sweeps"),
            f"{minutes:.1f} min",
        ]
        told.append(f"- {region}: {', '.join(part for part in parts if part)}")
    return "Regions, in the order of acquisition:\n\n" + "\n".join(told)


def _plating(acquired: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    cycles = acquired.drop_duplicates("acquisition")
    words = [f"{len(cycles)} acquisitions from {facts.count(acquired['source_file'].nunique(), 'file')}"]
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


def _quantification(held: Frames) -> str:
    if "composition" not in held or held["composition"].empty:
        return ""
    composition = held["composition"]
    remarks = facts.listed(dict.fromkeys(text for text in composition["remark"] if text))
    factors = facts.listed(composition["factor_set"].unique())
    said = f"; {remarks}" if remarks else ""
    return f"Atomic percent for a homogeneous sample with the sensitivity factors {factors}{said}."


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
    """Return what is asked for and nobody says, each with the experiments that it is missing in."""
    where: dict[str, list[str]] = {}
    for experiment, words in blanks.items():
        for word in words:
            where.setdefault(word, []).append(experiment)
    lines = [f"- {words}" for words in _ALWAYS_BLANK]
    lines += [f"- {words} ({', '.join(names)})" for words, names in where.items()]
    return "## To be filled in\n\nAsked for, and said by no file and no setting:\n\n" + "\n".join(lines)
