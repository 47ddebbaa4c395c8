"""A series fitted block by block, each block by several processes, as if it had been fitted at once.

What fits of one series know of each other is said once, by ``series_starts``: which region each window is cut from, and
where the fits start. Given that, any acquisitions can be fitted anywhere, in any order: ``fit_span`` does it for some,
in pieces that bound its memory, ``gathered`` puts blocks together. However a series is cut, by whomever its pieces are
fitted, the tables are the same to the bit.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xps import block_names, cycles, pieces, tables
from xps.errors import TableError
from xps.fitting.engines import SEPARABLE, Starts
from xps.fitting.joint import Common
from xps.fitting.outcome import Task
from xps.fitting.report import Tally
from xps.fitting.series import FitTables, fit_block, fit_series, spectra_of
from xps.models import FitModel
from xps.tables import Series

LOGGER = logging.getLogger(__name__)

# ASSUME the positions and widths that a series shares are known well enough from 400 acquisitions spread over it.
JOINT_ACQUISITIONS = 400
# Acquisitions in memory at once: a few of the solver's own blocks, and enough pieces to share out among processes.
PIECE = 128


class SeriesStart(NamedTuple):
    """What the fits of one model share: the region of each window, and where they start."""

    regions: tuple[str, ...]
    starts: Starts

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON types, every number exactly."""
        return {
            "regions": list(self.regions),
            "model": self.starts.model,
            "values": self.starts.values.tolist(),
            "origin": self.starts.origin,
            "shared": self.starts.shared,
            "joint_objective": sorted(self.starts.joint_objective.items()),
            "common": None if self.starts.common is None else [part.tolist() for part in self.starts.common],
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "SeriesStart":
        """Return what ``plain`` was made from."""
        starts = Starts(
            model=plain["model"],
            values=np.array(plain["values"]),
            origin=plain["origin"],
            shared=plain["shared"],
            joint_objective=dict(plain["joint_objective"]),
            common=None if plain["common"] is None else Common(*(np.array(part) for part in plain["common"])),
        )
        return cls(tuple(plain["regions"]), starts)


def starts_text(starts: Sequence[SeriesStart]) -> str:
    """Return the starts of all models of a series as JSON."""
    return json.dumps([start.plain() for start in starts], allow_nan=False, indent=1) + "\n"


def read_starts(text: str) -> list[SeriesStart]:
    """Return the starts that ``starts_text`` wrote."""
    return [SeriesStart.of(plain) for plain in json.loads(text)]


def series_starts(series: Series, models: Sequence[FitModel], engine: str = SEPARABLE) -> list[SeriesStart]:
    """Return what the fits of each model share over ``series`` (tables acquisitions, calibration and background).

    The joint fit takes every acquisition; of a long series, where it is only the start, ``JOINT_ACQUISITIONS`` spread
    evenly over it.
    """
    regions, numbers = _homes(series, models)
    count = min(len(numbers), JOINT_ACQUISITIONS)
    chosen = [numbers[place * len(numbers) // count] for place in range(count)]
    wanted = [set(numbers if model.series.fit == "joint" else chosen) for model in models]
    tasks: list[list[Task]] = [[] for _ in models]
    for span in _runs(sorted(set().union(*wanted))):
        for found, some, of_span in zip(tasks, wanted, _tasks(series, models, regions, span), strict=True):
            found += [task for task in of_span if task.acquisition in some]
    return [
        SeriesStart(home, fit_series(model, found, engine))
        for model, home, found in zip(models, regions, tasks, strict=True)
    ]


def _homes(series: Series, models: Sequence[FitModel]) -> tuple[list[tuple[str, ...]], list[int]]:
    """Return for each model the region of each window, and all acquisitions that are not excluded."""
    homes: dict[str, str] = {}
    numbers: list[int] = []
    levels = {window.core_level for model in models for window in model.windows}
    for span in series.spans(PIECE):
        measured = cycles.regions(series.part("acquisitions", span))
        numbers += measured.acquisitions
        for level in levels - homes.keys():
            homes.update((level, region) for region in measured.holding(level)[:1])
    if missing := sorted(levels - homes.keys()):
        raise TableError(f"no region holds core level {', '.join(missing)}; make the tables again")
    return [tuple(homes[window.core_level] for window in model.windows) for model in models], numbers


def _runs(numbers: Sequence[int]) -> Iterator[range]:
    """Yield ranges without gaps that together hold ``numbers``, none longer than ``PIECE``."""
    first = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] != numbers[end - 1] + 1 or end - first == PIECE:
            yield range(numbers[first], numbers[end - 1] + 1)
            first = end


def _tasks(
    series: Series, models: Sequence[FitModel], regions: Sequence[tuple[str, ...]], span: range
) -> list[list[Task]]:
    background, acquisitions, calibration = (
        series.part(name, span) for name in ("background", "acquisitions", "calibration")
    )
    return [
        spectra_of(background, acquisitions, calibration, model, home)
        for model, home in zip(models, regions, strict=True)
    ]


def fit_span(
    series: Series,
    models: Sequence[FitModel],
    starts: Sequence[SeriesStart],
    span: range,
    engine: str = SEPARABLE,
    seed: int = 0,
    processes: int = 1,
) -> FitTables:
    """Return the tables of fitting every model to the acquisitions ``span`` of ``series``; models in the given order.

    ``starts`` are those of the whole series, one per model. Neither ``span`` nor ``processes`` changes a number.
    """
    parts = [range(first, min(first + PIECE, span.stop)) for first in range(span.start, span.stop, PIECE)]
    work = partial(_fit_piece, series, models, starts, engine, seed)
    fitted = list(pieces.mapped(work, parts, processes))
    for model, *of_model in zip(models, *fitted, strict=True):
        tally = Tally(model.name)
        for part in of_model:
            tally.add(part.fits)
        tally.report(LOGGER)
    return FitTables(
        *(
            tables.concatenate(name, [getattr(piece[place], name) for place in range(len(models)) for piece in fitted])
            for name in FitTables._fields
        )
    )


def _fit_piece(
    series: Series, models: Sequence[FitModel], starts: Sequence[SeriesStart], engine: str, seed: int, span: range
) -> list[FitTables]:
    tasks = _tasks(series, models, [start.regions for start in starts], span)
    return [
        fit_block(model, found, start.starts, seed, engine)
        for model, start, found in zip(models, starts, tasks, strict=True)
    ]


def fit_models(
    background: pa.Table,
    acquisitions: pa.Table,
    calibration: pa.Table,
    models: Sequence[FitModel],
    engine: str = SEPARABLE,
    seed: int = 0,
) -> FitTables:
    """Return the tables of fitting every model to every acquisition that is not excluded; models in the given order."""
    series = Series({"acquisitions": acquisitions, "calibration": calibration, "background": background})
    return fit_whole(series, models, engine, seed)


def fit_whole(
    series: Series, models: Sequence[FitModel], engine: str = SEPARABLE, seed: int = 0, processes: int = 1
) -> FitTables:
    """Return the tables of fitting every model to a series that is one block."""
    starts = series_starts(series, models, engine)
    return fit_span(series, models, starts, range(series.count), engine, seed, processes)


def fit_or_gather(
    series: Series,
    models: Sequence[FitModel],
    blocks: Mapping[str, Series],
    engine: str = SEPARABLE,
    processes: int = 1,
) -> Callable[[str], Iterable[pa.Table]]:
    """Return what gives the parts of each fit table by its name: of the ``blocks``, or without any of fits made here.

    ``blocks`` are tables that ``fit_span`` made, by the names of the blocks, in the order of the series. TableError
    when they are not the whole of this series.
    """
    if not blocks:
        fitted = fit_whole(series, models, engine, processes=processes)
        return lambda name: [getattr(fitted, name)]
    _check(series, blocks)
    names = [model.name for model in models]
    for model in names:
        tally = Tally(model)
        for part in gathered(blocks.values(), "fits", [model]):
            tally.add(part)
        tally.report(LOGGER)
    return lambda name: gathered(blocks.values(), name, names)


def gathered(blocks: Iterable[Series], name: str, models: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the rows of table ``name`` of ``blocks``, which follow each other, by model and then by block."""
    for model in models:
        for block in blocks:
            part = block.whole(name)
            yield part.filter(pc.equal(part.column("model"), model))


def _check(series: Series, blocks: Mapping[str, Series]) -> None:
    """Refuse blocks that leave a gap, or were not all made alike from the tables of ``series``."""
    spans = [block_names.span(name) for name in blocks]
    edges = [0, *(span.stop for span in spans)]
    if [span.start for span in spans] != edges[:-1] or edges[-1] != series.count:
        raise TableError(f"blocks {', '.join(blocks)} are not the {series.count} acquisitions; make them again")
    wanted = {(record.artefact, record.content_sha256) for record in series.records(hashed=False)}
    made = set()
    for name, block in blocks.items():
        for record in block.records(hashed=False):
            made.add((record.fingerprint, json.dumps(record.parameters, sort_keys=True)))
            if {(item["path"], item["content_sha256"]) for item in record.inputs} != wanted or len(made) > 1:
                raise TableError(f"block {name} was made from other tables or otherwise than the first; make it again")
