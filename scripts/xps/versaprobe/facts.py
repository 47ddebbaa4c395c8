"""Facts that a PHI header states about instrument and experiment.

None of them is needed to decode the body, so that an absent or unreadable line gives None (absent stays absent) and a
remark instead of a refusal.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date

from xps.versaprobe.header import Header, fields, leading_numbers, split_number

_QUOTED_RECIPE = "'"
_DATE = re.compile(r"(\d{1,4}) +(\d{1,2}) +(\d{1,2})", re.ASCII)
_ISO = re.compile(r"\d{4}([-/])\d{1,2}\1\d{1,2}", re.ASCII)


def photon_energy_ev(header: Header) -> float | None:
    """Return the second field of ``XraySource: Al 1486.6 mono``."""
    numbers = leading_numbers(" ".join(fields(header.single("XraySource") or "")[1:]))
    return numbers[0] if numbers and numbers[0] > 0.0 else None


def work_function_ev(header: Header) -> float | None:
    """Return ``AnalyserWorkFcn: 4.150 eV``."""
    return _quantity(header, "AnalyserWorkFcn", ("eV",))


def source_analyser_angle_deg(header: Header) -> float | None:
    """Return ``SourceAnalyserAngle: 45.0 d``."""
    return _quantity(header, "SourceAnalyserAngle", ("d", "deg"))


def neutraliser_current_ua(header: Header) -> float | None:
    """Return ``NeutralizerCurrent: 20.0 uA``: the gun's setting, one value per file."""
    return _quantity(header, "NeutralizerCurrent", ("uA", "\u00b5A"))


def transmission(header: Header) -> tuple[float, float] | None:
    """Return ``IntensityCalCoeff: a b``, or None where there is none or no transmission can be made of it (a <= 0)."""
    numbers = leading_numbers(header.single("IntensityCalCoeff"))
    return (numbers[0], numbers[1]) if len(numbers) == 2 and numbers[0] > 0.0 else None


def emission_angle_deg(header: Header) -> float | None:
    """Return the angle between analyser and surface normal from ``StagePosition: x y z tilt rotation``.

    ASSUME the stage's tilt is PHI's take-off angle, counted from the surface, so that emission = 90 deg - tilt. All
    files seen but one stand at 45 deg, where both conventions agree; operators call the one at 30 deg "30 deg" too.
    """
    numbers = leading_numbers(header.first("StagePosition"))
    return 90.0 - numbers[3] if len(numbers) > 3 else None


def file_date(header: Header) -> date | None:
    """Return ``FileDate``."""
    return _date(header.first("FileDate"))


def acquisition_date(header: Header) -> date | None:
    """Return ``AcqFileDate``."""
    return _date(header.first("AcqFileDate"))


def sweeps(header: Header) -> dict[int, int]:
    """Return the sweeps per region number: third field of SpectralRegDef2, times SurvNumCycles where there is one."""
    rounds = leading_numbers(header.first("SurvNumCycles")) or [1.0]
    lines = [leading_numbers(value) for value in header.all("SpectralRegDef2")]
    counted = ((numbers[0], numbers[2] * rounds[0]) for numbers in lines if len(numbers) > 2)
    return {int(number): int(count) for number, count in counted if count >= 1.0}


def planned_cycles(header: Header) -> int | None:
    """Return 1 + the intervals of all layers of DepthCalDef, or None where there is no plan.

    A line reads ``i name first_cycle 0 0 ion total_min interval_min intervals 'recipe' ...``; name and recipe may hold
    blanks, so that the fields are counted backwards from the recipe's quote.
    """
    layers = [fields(value.partition(_QUOTED_RECIPE)[0]) for value in header.all("DepthCalDef")]
    if not layers or any(not layer or not re.fullmatch(r"[0-9]{1,9}", layer[-1]) for layer in layers):
        return None
    return 1 + sum(int(layer[-1]) for layer in layers)


def remarks(header: Header) -> Iterator[str]:
    """Yield a sentence for every line that is missing where it matters, not understood, or tells of changed data."""
    if header.edited:
        yield "blanks or empty lines stand around SOFH or EOFH: was the header edited?"
    for key, fact in _FACTS.items():
        value = header.first(key)
        if value and fact(header) is None:
            yield f"header line {key!r}: {value!r} is not understood, left unknown"
    if header.first("Technique") == "XPS" and not header.first("XraySource"):
        yield "header line 'XraySource' is missing: photon and kinetic energies are unknown"
    areas = leading_numbers(header.first("NoSpatialArea"))
    if areas and areas[0] > 1.0:
        yield f"header line 'NoSpatialArea': {areas[0]:g} areas are declared, one spectrum is stored of each region"
    for key, plain in _UNTOUCHED.items():
        value = header.first(key)
        if value and not value.startswith(plain):
            yield f"header line {key!r}: {value!r} instead of {plain!r}: the stored numbers are processed ones"


def _quantity(header: Header, key: str, units: tuple[str, ...]) -> float | None:
    """Return the value of ``key``, which must carry one of ``units`` (the same one, spelt) or none at all."""
    number, rest = split_number(header.first(key) or "")
    return number if rest in ("", *units) else None


def _date(value: str | None) -> date | None:
    """Return ``2024 1 22``, ``24 01 25``, ``117 5 15``, ``2024-01-22`` or ``2024/1/22`` as a date.

    ASSUME years below 70 are counted from 2000 (AugerScan) and years from 70 to 199 from 1900 (MultiPak). Where the
    year stands last, day and month cannot be told apart: not understood.
    """
    text = (value or "").strip()
    match = _DATE.fullmatch(re.sub("[-/]", " ", text) if _ISO.fullmatch(text) else text)
    if match is None:
        return None
    year, month, day = (int(text) for text in match.groups())
    year += 2000 if year < 70 else 1900 if year < 200 else 0
    try:
        return date(year, month, day)
    except ValueError:
        return None


_FACTS: Mapping[str, Callable[[Header], object]] = {
    "XraySource": photon_energy_ev,
    "AnalyserWorkFcn": work_function_ev,
    "SourceAnalyserAngle": source_analyser_angle_deg,
    "NeutralizerCurrent": neutraliser_current_ua,
    "IntensityCalCoeff": transmission,
    "StagePosition": emission_angle_deg,
    "FileDate": file_date,
    "AcqFileDate": acquisition_date,
    "DepthCalDef": planned_cycles,
}
_UNTOUCHED: Mapping[str, str] = {
    "IntensityRecal": "no",
    "EnergyRecal": "no",
    "EnergyReference": "none",
    "DepthRecal": "no",
    "Deconvolution": "no",
}
