"""A series fitted block by block, each block by several processes, as if it had been fitted at once.

What fits of one series know of each other is said once, by ``series_starts``: which region each window is cut from, and
where the fits start. Given that, any acquisitions can be fitted anywhere, in any order: ``fit_span`` does it for some,
in pieces that bound its memory, ``fit_or_gather`` puts blocks together. However a series is cut, by whomever its pieces
are fitted, the tables are the same to the bit.
"""

import json
import logging
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xps import block_tables, cycles, pieces, tables
from xps.errors import TableError
from xps.fitting import films
from xps.fitting.engines import SEPARABLE, Starts
from xps.fitting.films import Shares
from xps.fitting.judging.outcome import Task
from xps.fitting.report import Tally
from xps.fitting.series import FitTables, fit_block, fit_series, spectra_of
from xps.fitting.solving.joint import Common
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
        return {"regions": list(self.regions), **_plain(self.starts)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "SeriesStart":
        """Return what ``plain`` was made from."""
        return cls(tuple(plain["regions"]), _starts(plain))


def _plain(starts: Starts) -> dict[str, Any]:
    return {
        "model": starts.model,
        "values": starts.values.tolist(),
        "origin": starts.origin,
        "shared": starts.shared,
        "joint_objective": sorted(starts.joint_objective.items()),
        "common": starts.common and [np.asarray(part).tolist() for part in starts.common],
        "alternatives": {name: _plain(one) for name, one in starts.alternatives.items()},
    }


def _starts(plain: Mapping[str, Any]) -> Starts:
    return Starts(
        model=plain["model"],
        values=np.array(plain["values"]),
        origin=plain["origin"],
        shared=plain["shared"],
        joint_objective=dict(plain["joint_objective"]),
        common=plain["common"] and _common(*plain["common"]),
        alternatives={name: _starts(one) for name, one in plain["alternatives"].items()},
    )


def _common(slots: list[int], information: list[list[float]], gradient: list[float], acquisitions: int) -> Common:
    return Common(np.array(slots, dtype=np.intp), np.array(information), np.array(gradient), acquisitions)


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
    return [
        SeriesStart(home, fit_series(model, _chosen(series, model, home, some), engine))
        for model, home, some in zip(models, regions, wanted, strict=True)
    ]


def _chosen(series: Series, model: FitModel, regions: tuple[str, ...], wanted: Container[int]) -> list[Task]:
    """Return the tasks of the ``wanted`` acquisitions; what stands around them is read once and not kept."""
    found: list[Task] = []
    for span in series.spans(PIECE):
        if numbers := [number for number in span if number in wanted]:
            background = series.part("background", span, model=model.name)
            acquired, shifts = series.part("acquisitions", span), series.part("calibration", span)
            parts = _of(background, numbers), _of(acquired, numbers), _of(shifts, numbers)
            found += spectra_of(*parts, model, regions)
    return found


def _of(table: pa.Table, acquisitions: Sequence[int]) -> pa.Table:
    return table.filter(pc.is_in(table.column("acquisition"), pa.array(acquisitions)))


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


def _tasks(series: Series, model: FitModel, regions: tuple[str, ...], span: range) -> list[Task]:
    background = series.part("background", span, model=model.name)
    return spectra_of(background, series.part("acquisitions", span), series.part("calibration", span), model, regions)


def fit_span(
    series: Series,
    models: Sequence[FitModel],
    starts: Sequence[SeriesStart],
    span: range,
    engine: str = SEPARABLE,
    seed: int = 0,
    processes: int = 1,
) -> Iterator[FitTables]:
    """Yield the tables of fitting every model to the acquisitions ``span`` of ``series``, some fits at a time.

    They come model by model in the given order, then by acquisition. ``starts`` are those of the whole series, one per
    model. Neither ``span`` nor ``processes`` changes a number.
    """
    spans = list(pieces.spans(span, PIECE))
    tallies = [Tally(model.name) for model in models]
    covered: dict[tuple[int, range], Shares] = {}
    for places in films.rounds(models):
        wanted = [(place, part, covered.get((place, part), {})) for place in places for part in spans]
        fitted = pieces.mapped(partial(_fit_piece, series, models, starts, engine, seed), wanted, processes)
        for (place, part, _), found in zip(wanted, fitted, strict=True):
            tallies[place].add(found.fits)
            if part is spans[-1]:
                tallies[place].report(LOGGER)
            for later in range(places.stop, len(models)):
                told = films.seen(models[later], models[place].name, found.components)
                covered[later, part] = {**covered.get((later, part), {}), **told}
            yield found


def _fit_piece(
    series: Series,
    models: Sequence[FitModel],
    starts: Sequence[SeriesStart],
    engine: str,
    seed: int,
    wanted: tuple[int, range, Shares],
) -> FitTables:
    place, span, covered = wanted
    model, start = models[place], starts[place]
    return fit_block(model, _tasks(series, model, start.regions, span), start.starts, seed, engine, covered)


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
    parts = list(fit_whole(series, models, engine, seed))
    return FitTables(*(tables.concatenate(name, [getattr(part, name) for part in parts]) for name in FitTables._fields))


def fit_whole(
    series: Series, models: Sequence[FitModel], engine: str = SEPARABLE, seed: int = 0, processes: int = 1
) -> Iterator[FitTables]:
    """Yield the tables of fitting every model to a series that is one block, as ``fit_span`` does."""
    starts = series_starts(series, models, engine)
    yield from fit_span(series, models, starts, range(series.count), engine, seed, processes)


def fit_or_gather(
    series: Series,
    models: Sequence[FitModel],
    blocks: Mapping[str, Series],
    engine: str = SEPARABLE,
    processes: int = 1,
) -> Iterator[Mapping[str, pa.Table]]:
    """Yield the next rows of fit tables, by name: those of the ``blocks``, or without any those of fits made here.

    ``blocks`` are tables that ``fit_span`` made, by the names of the blocks, in the order of the series. TableError
    when they are not the whole of this series.
    """
    if not blocks:
        yield from (part._asdict() for part in fit_whole(series, models, engine, processes=processes))
        return
    block_tables.check(series, blocks)
    for model in models:
        tally = Tally(model.name)
        for name in FitTables._fields:
            for block in blocks.values():
                for part in block.parts(name, model=model.name):
                    yield {name: part}
                    if name == "fits":
                        tally.add(part)
        tally.report(LOGGER)
