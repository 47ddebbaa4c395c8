"""Pieces of work, cut and done one after the other or by several processes: the same answers in the same order."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")


def spans(span: range, size: int) -> Iterator[range]:
    """Yield ``span`` (without gaps) in pieces of ``size``, the last one of what is left."""
    for first in range(span.start, span.stop, size):
        yield range(first, min(first + size, span.stop))


def mapped(work: Callable[[Piece], Answer], pieces: Sequence[Piece], processes: int) -> Iterator[Answer]:
    """Yield ``work`` done on each of ``pieces``, in their order, by at most ``processes`` processes.

    A worker that is killed, say for its memory, raises BrokenProcessPool instead of hanging the job.
    """
    workers = min(processes, len(pieces))
    if workers <= 1:
        yield from map(work, pieces)
        return
    # Forked, so that nothing is imported twice.
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        yield from pool.map(work, pieces)
