"""Pieces of work give the same answers in the same order, however many processes share them."""

import os
import signal
from concurrent.futures.process import BrokenProcessPool

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xps import pieces
from xps.errors import FitError


def doubled(number: int) -> int:
    return 2 * number


def refused(number: int) -> int:
    raise FitError(f"not {number}")


def killed(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("processes", [1, 2, 3, 50])
def test_answers_come_in_the_order_of_the_pieces(processes: int) -> None:
    assert list(pieces.mapped(doubled, range(20), processes)) == list(range(0, 40, 2))
    assert list(pieces.mapped(doubled, [], processes)) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_a_refusal_is_that_of_the_piece(processes: int) -> None:
    with pytest.raises(FitError, match="not 0"):
        list(pieces.mapped(refused, range(4), processes))


def test_a_worker_that_is_killed_ends_the_work() -> None:
    with pytest.raises(BrokenProcessPool):
        list(pieces.mapped(killed, range(4), 2))


@given(start=st.integers(0, 50), length=st.integers(0, 200), size=st.integers(1, 70))
def test_a_span_in_pieces_is_the_span(start: int, length: int, size: int) -> None:
    span = range(start, start + length)
    cut = list(pieces.spans(span, size))
    assert [number for piece in cut for number in piece] == list(span)
    assert all(len(piece) == size for piece in cut[:-1])
