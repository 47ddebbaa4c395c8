"""True lines of a simulated series: what nature would have, before instrument and noise.

They come from a CSV table (columns of the twin's ground truth); the analysis never reads it.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from xps.errors import ConfigError

_COLUMNS: dict[str, tuple[str, type]] = {
    "row": ("row", int),
    "t_min": ("time_min", float),
    "region": ("region", str),
    "line": ("line", str),
    "species": ("species", str),
    "BE_true_eV": ("position_ev", float),
    "charge_shift_eV": ("charge_shift_ev", float),
    "FWHM_eV": ("fwhm_ev", float),
    "lorentz_FWHM_eV": ("lorentzian_fwhm_ev", float),
    "so_split_eV": ("splitting_ev", float),
    "so_ratio_minor_major": ("area_ratio", float),
    "area_cps_eV": ("area_cps_ev", float),
    "wall_start_min": ("start_min", float),
    "wall_end_min": ("end_min", float),
}


@dataclass(frozen=True, slots=True)
class TrueLine:
    """One line, or doublet, of one region in one acquisition, as nature would have it.

    ``row`` identifies the acquisition, ``time_min`` is its plating (rest, sputter) time. ``position_ev`` is the true
    binding energy of the j = l + 1/2 line; the minor line lies ``splitting_ev`` above it with ``area_ratio`` of its
    area (0: a single line). ``area_cps_ev`` is that of both lines as recorded, transmission included.
    ``charge_shift_ev`` is recorded minus true binding energy. ``start_min`` and ``end_min`` bound the region's own
    acquisition window on the wall clock of the series. ``asymmetry`` is the α of a Doniach-Sunjic line (0: a Voigt
    line); tables do not hold it.
    """

    row: int
    time_min: float
    region: str
    line: str
    species: str
    position_ev: float
    charge_shift_ev: float
    fwhm_ev: float
    lorentzian_fwhm_ev: float
    splitting_ev: float
    area_ratio: float
    area_cps_ev: float
    start_min: float
    end_min: float
    asymmetry: float = 0.0


def load_truth(project: Path, name: str) -> tuple[TrueLine, ...]:
    """Return the true lines in the file ``name`` under the folder ``project``; ConfigError when it is not there."""
    path = (project / name).resolve()
    if not path.is_relative_to(project.resolve()) or not path.is_file():
        raise ConfigError(f"truth: {name!r} is no file inside the project's folder {project}")
    return read_truth(path.read_text(encoding="utf-8"), name)


def truth_table(experiment: str, lines: Iterable[TrueLine]) -> str:
    """Return ``lines`` of ``experiment`` as the CSV table that ``read_truth`` reads, rounded to what anyone can see."""
    text = io.StringIO()
    text.write(f"# SIMULATED. Known truth of raw/{experiment}, calculated from config/simulation/{experiment}.yaml.\n")
    text.write(
        "# For tests only, never for the analysis. charge_shift_eV = recorded - true binding energy; area_cps_eV\n"
    )
    text.write("# holds both lines of a doublet, averaged over the region's window, as recorded.\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["experiment", *_COLUMNS])
    for line in lines:
        values = (getattr(line, field) for field, _ in _COLUMNS.values())
        writer.writerow([experiment, *(_shown(value) for value in values)])
    return text.getvalue()


def _shown(value: float | str) -> str:
    return (
        f"{round(value, 4):g}"
        if isinstance(value, float) and abs(value) < 1000.0
        else (f"{value:.1f}" if isinstance(value, float) else str(value))
    )


def read_truth(text: str, name: str) -> tuple[TrueLine, ...]:
    """Return the true lines of a CSV table; lines that start with # are comments, further columns are ignored.

    ``name`` is what messages call the table. Raises ConfigError for a missing column or a value of another type.
    """
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    missing = [column for column in _COLUMNS if column not in (rows.fieldnames or [])]
    if missing:
        raise ConfigError.of(name, [f"column {column} is missing" for column in missing])
    lines, faults = [], []
    for number, row in enumerate(rows, start=1):
        try:
            values = {field: kind(row[column]) for column, (field, kind) in _COLUMNS.items()}
            lines.append(TrueLine(**values))
        except (TypeError, ValueError) as error:
            faults.append(f"data row {number}: {error}")
    if faults:
        raise ConfigError.of(name, faults)
    return tuple(lines)
