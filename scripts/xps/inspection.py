"""What a person or a program wants to see of one raw file: a description, a page of text, and its numbers as CSV.

Pure: a Measurement goes in, a mapping or text comes out; opening and writing files is for the command line.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from xps.spectra import FloatArray, Measurement, Region

CSV_COLUMNS = (
    "cycle",
    "sputter_time_s",
    "binding_energy_ev",
    "kinetic_energy_ev",
    "intensity_cps",
    "counts",
    "transmission",
)
_COLUMNS = ("no", "region", "Z", "from eV", "to eV", "step eV", "channels", "pass eV", "s/channel", "sweeps", "counts")
_FACTS = {  # field: how the page calls it, its unit
    "photon_energy_ev": ("photon energy", "eV"),
    "work_function_ev": ("work function", "eV"),
    "transmission_a": ("transmission a", ""),
    "transmission_b": ("transmission b", ""),
    "source_analyser_angle_deg": ("source to analyser", "deg"),
    "emission_angle_deg": ("emission", "deg"),
    "neutraliser_current_ua": ("neutraliser", "µA"),
}


def describe(measurement: Measurement) -> dict[str, Any]:
    """Return everything but the intensities as plain values fit for JSON; None where the file does not say."""
    times = measurement.sputter_time_s
    return {
        "name": measurement.name,
        "file_type": measurement.file_type,
        "technique": measurement.technique,
        "cycles": measurement.cycles,
        "simulated": measurement.simulated,
        "instrument": measurement.instrument,
        "software": measurement.software,
        **{fact: getattr(measurement, fact) for fact in _FACTS},
        "file_date": measurement.file_date and measurement.file_date.isoformat(),
        "acquisition_date": measurement.acquisition_date and measurement.acquisition_date.isoformat(),
        "sputter_time_s": None if times is None else times.tolist(),
        "regions": [_describe_region(region) for region in measurement.regions],
        "warnings": list(measurement.warnings),
        "header": [list(line) for line in measurement.header],
    }


def page(measurement: Measurement) -> str:
    """Return the description as a few lines of text with a table of the regions."""
    facts = describe(measurement)
    known = [
        f"{name} {_text(facts[key])} {unit}".rstrip() for key, (name, unit) in _FACTS.items() if facts[key] is not None
    ]
    return "\n".join(
        [
            f"{measurement.name}: {_headline(measurement)}",
            *([f"  {', '.join(known)}"] if known else []),
            *_table([_COLUMNS, *(_row(region) for region in facts["regions"])]),
            *_sputter_lines(measurement.sputter_time_s),
            *(f"  warning: {warning}" for warning in measurement.warnings),
        ]
    )


def csv_name(stem: str, region: Region) -> str:
    """Return ``<stem>__<region number>_<region name>.csv`` with whatever a file system may dislike made ``_``."""
    return f"{stem}__{region.number}_{re.sub(r'[^A-Za-z0-9.+-]', '_', region.name)}.csv"


def csv_text(measurement: Measurement, region: Region) -> str:
    """Return one line per cycle and channel; floats as the shortest text that reads back the same, unknowns empty."""
    channels = region.channels
    per_channel = [
        _texts(values, channels)
        for values in (
            measurement.binding_energy_ev(region),
            measurement.kinetic_energy_ev(region),
            measurement.transmission(region),
        )
    ]
    times = _texts(measurement.sputter_time_s, region.cycles)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    rates, counts = region.intensity_cps.tolist(), region.counts.tolist()
    for cycle in range(region.cycles):
        binding, kinetic, transmission = per_channel
        first = ([cycle] * channels, [times[cycle]] * channels)
        writer.writerows(zip(*first, binding, kinetic, rates[cycle], counts[cycle], transmission, strict=True))
    return out.getvalue()


def _headline(measurement: Measurement) -> str:
    kind = "SIMULATED " * measurement.simulated + f"{measurement.technique} {measurement.file_type.replace('_', ' ')}"
    cycles = f"{measurement.cycles} cycle{'s' * (measurement.cycles > 1)}"
    day = measurement.acquisition_date and f"acquired {measurement.acquisition_date}"
    return ", ".join(text for text in (kind, cycles, measurement.instrument, measurement.software, day) if text)


def _texts(values: FloatArray | None, length: int) -> list[Any]:
    return [""] * length if values is None else values.tolist()


def _describe_region(region: Region) -> dict[str, Any]:
    counts = region.counts
    return {
        "number": region.number,
        "name": region.name,
        "raw_name": region.raw_name,
        "atomic_number": region.atomic_number,
        "energy_scale": region.energy_scale,
        "start_ev": region.start_ev,
        "end_ev": float(region.energy_ev[-1]),
        "step_ev": region.step_ev,
        "channels": region.channels,
        "cycles": region.cycles,
        "pass_energy_ev": region.pass_energy_ev,
        "time_per_channel_s": region.time_per_channel_s,
        "sweeps": region.sweeps,
        "counts_min": float(np.min(counts)),
        "counts_max": float(np.max(counts)),
        "whole_counts": region.non_integer_counts == 0,
    }


def _row(region: dict[str, Any]) -> tuple[str, ...]:
    keys = ("number", "name", "atomic_number", "start_ev", "end_ev", "step_ev", "channels", "pass_energy_ev")
    texts = (_text(region[key]) for key in (*keys, "time_per_channel_s", "sweeps"))
    return (*texts, f"{_text(region['counts_min'])} to {_text(region['counts_max'])}")


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(text) for text in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True))


def _sputter_lines(times: FloatArray | None) -> Iterator[str]:
    if times is not None:
        yield f"  sputter times in s: {', '.join(_text(value) for value in times.tolist())}"


def _text(value: object) -> str:
    return "-" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)
