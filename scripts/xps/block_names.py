"""Blocks of a long series and their names: ``0000000-0000999`` holds the acquisitions 0 to 999.

A block's name says all that its job has to know, so that another block size changes no job's parameters.
"""

from collections.abc import Iterable
from pathlib import PurePath

_DIGITS = 7


def names(count: int, size: int) -> list[str]:
    """Return the names of the blocks of at most ``size`` acquisitions in which a series of ``count`` is fitted.

    None for a series that fits into one block: one job fits it whole.
    """
    if count <= size:
        return []
    firsts = range(0, count, size)
    return [f"{first:0{_DIGITS}d}-{min(first + size, count) - 1:0{_DIGITS}d}" for first in firsts]


def span(name: str) -> range:
    """Return the acquisitions of the block ``name``."""
    first, last = name.split("-")
    return range(int(first), int(last) + 1)


def by_block(paths: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return block -> table -> path of files called ``<table>.<block>.parquet``, blocks in the order of the series."""
    found: dict[str, dict[str, str]] = {}
    for path in paths:
        table, block = PurePath(path).stem.split(".")
        found.setdefault(block, {})[table] = path
    return {block: found[block] for block in sorted(found, key=lambda block: span(block).start)}
