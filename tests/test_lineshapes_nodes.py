"""Lines and channels out of broadcast arrays, and polynomials about nodes."""

import numpy as np
import pytest

from xps.lineshapes import nodes


@pytest.mark.parametrize(
    ("offset", "number", "lines", "channels"),
    [((), (), 1, 1), ((7,), (), 1, 7), ((4, 1, 7), (4, 3, 1), 12, 7), ((7,), (7,), 7, 1), ((3, 1), (1, 5), 15, 1)],
)
def test_what_differs_along_the_last_axis_is_a_line(
    offset: tuple[int, ...], number: tuple[int, ...], lines: int, channels: int
) -> None:
    generator = np.random.default_rng(0)
    x, n = generator.normal(size=offset), generator.normal(size=number)
    rows, (own,) = nodes.by_lines(np.asarray(x), np.asarray(n))
    assert rows.shape == (lines, channels)
    assert own.shape == (lines,)
    # Back in shape, every element has met its own number.
    together = (rows + 10.0 * own[:, None]).reshape(np.broadcast_shapes(offset, number))
    np.testing.assert_array_equal(together, x + 10.0 * n)


@pytest.mark.parametrize("channels", [1, 121, 40_000])
def test_pieces_hold_every_line_once(channels: int) -> None:
    held = [line for piece in nodes.pieces(1000, channels) for line in range(1000)[piece]]
    assert held == list(range(1000))
    assert all(
        (piece.stop - piece.start) * channels <= max(nodes.PIECE, channels) for piece in nodes.pieces(1000, channels)
    )


@pytest.mark.parametrize("kind", [np.float64, np.complex128])
def test_polynomials_and_their_derivatives_are_those_of_numpy(kind: type) -> None:
    generator = np.random.default_rng(1)
    series = [(generator.normal(size=4) * (1 if kind is np.float64 else 1j)).astype(kind) for _ in range(6)]
    node, apart = generator.integers(0, 4, 30), generator.uniform(-1.0, 1.0, 30).astype(kind)
    found = nodes.polynomial(series, node, apart, 3)
    for place in range(30):
        own = np.polynomial.Polynomial([part[node[place]] for part in series])
        wanted = [(own.deriv(k) if k else own)(apart[place]) for k in range(4)]
        np.testing.assert_allclose([part[place] for part in found], wanted, rtol=1e-12, atol=1e-12)
