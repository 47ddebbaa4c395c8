"""The two sides of a line of powers of a Lorentzian, g(u) = (1 + 4u²/f²)^−α of unit height, convolved with a Gaussian.

In units of the Gaussian's σ. One side alone is S(x) = ∫₀^∞ g(u) φ(x − u) du, φ the standard normal density; the other
one is that of −x and its own exponent.

- S itself is a Gauss-Legendre sum over t, u = (f/2) sinh t, where the integrand is smooth for any f; its points are the
  same for all x of a line.
- (f² + 4u²) g′ + 8α u g = f² δ(u) for one side, and under the Gaussian u becomes x + d/dx, so that
  4S‴ + 8x S″ + (f² + 4x² + 4 + 8α) S′ + 8αx S = f² φ(x). It gives all of Taylor's coefficients from S, S′ and S″: sums
  are taken at nodes only, two σ apart, and channels come from the nearest one (``nodes``).
- Beyond 9 σ a side is smooth on the scale of the Gaussian: a Gauss-Hermite sum, and nothing on the other side of 0.
- Where f is above 20 the equation is stiff: there every channel gets its own sum.

Measured against dense sums the error is below 1e-11 of the peak for any ratio of the widths from 0.05 on.
"""

import math

import numpy as np
from numpy.typing import NDArray

from xps.lineshapes import nodes

Array = NDArray[np.float64]

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(80)
# The Gaussian beyond this many σ is below 1e-14 of its height.
_REACH = 8.2
# Nodes, how far their polynomials reach, and the order of these.
_NODES = np.array([-8.0, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 8.0])
_SPACING = 2.0
_FAR = 9.0
_ORDER = 28
_STIFF = 20.0
_FAR_POINTS, _FAR_WEIGHTS = np.polynomial.hermite_e.hermegauss(16)
_FAR_WEIGHTS = _FAR_WEIGHTS / math.sqrt(2.0 * math.pi)


def convolved(x: Array, ratio: Array, powers: tuple[Array, Array], by_power: bool) -> list[Array]:
    """Return the sum of both sides, its first and second derivative by x and, if wanted, those by both exponents.

    ``x`` is lines × channels in units of σ; ``ratio`` f = F/σ and the exponents at higher and lower x are of the lines.
    """
    found = [np.empty(x.shape) for _ in range(5 if by_power else 3)]
    for piece in nodes.pieces(*x.shape):
        _write(x[piece], ratio[piece], (powers[0][piece], powers[1][piece]), [part[piece] for part in found])
    return found


def _write(x: Array, ratio: Array, powers: tuple[Array, Array], out: list[Array]) -> None:
    by_power = len(out) > 3
    series = _series(ratio, powers, by_power)
    # What lies further is replaced below; its powers must not overflow.
    inside = np.clip(x, -_FAR, _FAR)
    node = np.rint(np.clip(x, _NODES[0], _NODES[-1]) * (1.0 / _SPACING)).astype(np.intp)
    apart = inside - node * _SPACING
    place = node + (_NODES.size // 2 + np.arange(ratio.size)[:, None] * _NODES.size)
    out[0][...], out[1][...], out[2][...] = nodes.polynomial(series[0], place, apart, 2)
    for room, own in zip(out[3:], series[1:], strict=True):
        room[...] = nodes.polynomial(own, place, apart, 0)[0]
    (stiff,) = np.nonzero(ratio > _STIFF)
    if stiff.size:
        for room, part in zip(
            out, _directly(x[stiff], ratio[stiff], [one[stiff] for one in powers], by_power), strict=True
        ):
            room[stiff] = part
    line, channel = np.nonzero(np.abs(x) > _FAR)
    if line.size:
        parts = _far(x[line, channel], ratio[line], [power[line] for power in powers], by_power)
        for room, part in zip(out, parts, strict=True):
            room[line, channel] = part


def _series(ratio: Array, powers: tuple[Array, Array], by_power: bool) -> list[list[Array]]:
    """Return Taylor's coefficients of both sides together at all nodes, then of the derivative by each exponent."""
    # Stiff lines are told to the equation as others, and not used. Both sides of all lines are worked on in one array.
    f, power = np.tile(np.minimum(ratio, _STIFF), 2)[:, None], np.concatenate(powers)[:, None]
    first = _summed(np.broadcast_to(_NODES, (f.size, _NODES.size)), f, power, by_power)
    either = _continued(f, power, first[:3], None)
    upper, lower = _sides(either)
    found = [[one + other for one, other in zip(upper, lower, strict=True)]]
    if by_power:
        found += _sides(_continued(f, power, first[3:], either))
    return [[part.ravel() for part in one] for one in found]


def _sides(series: list[Array]) -> tuple[list[Array], list[Array]]:
    """Return the upper sides' coefficients and those of the lower sides, S(−x), out of one stack."""
    lines = series[0].shape[0] // 2
    lower = [part[lines:, ::-1] * (-1.0) ** n for n, part in enumerate(series)]
    return [part[:lines] for part in series], lower


def _summed(x: Array, f: Array, power: Array, by_power: bool) -> list[Array]:
    """Return S, S′ and S″ at ``x`` (lines × places) and, if wanted, their derivatives by the exponent."""
    top = np.arcsinh((_FAR + _REACH) * 2.0 / f)
    growing = np.exp(0.5 * top * (1.0 + _POINTS))
    cosh, u = 0.5 * (growing + 1.0 / growing), (0.25 * f) * (growing - 1.0 / growing)
    logarithm = -2.0 * np.log(cosh)
    weight = (0.25 / math.sqrt(2.0 * math.pi)) * top * f * _WEIGHTS * cosh * np.exp(power * logarithm)
    rows = [weight, weight * u, weight * u**2]
    if by_power:
        rows += [row * logarithm for row in rows]
    moments = np.matmul(np.stack(rows, axis=1), np.exp(-0.5 * (x[:, None, :] - u[:, :, None]) ** 2))
    found = []
    for first in range(0, len(rows), 3):
        value, one, two = moments[:, first], moments[:, first + 1], moments[:, first + 2]
        found += [value, one - x * value, two - 2.0 * x * one + (x**2 - 1.0) * value]
    return found


def _continued(f: Array, power: Array, first: list[Array], source: list[Array] | None) -> list[Array]:
    """Return Taylor's coefficients at the nodes from the first three; S is the ``source`` of its derivative by α."""
    x, nothing = _NODES, np.zeros_like(first[0])
    density = [np.exp(-0.5 * x**2) / math.sqrt(2.0 * math.pi)]
    density.append(-x * density[0])
    found = [first[0], first[1], 0.5 * first[2]]
    stiffness = f**2 + 4.0 * x**2 + 4.0 + 8.0 * power
    for n in range(_ORDER - 2):
        before = found[n - 1] if n else nothing
        if source is None:
            driven = f**2 * density[n]
        else:
            driven = -8.0 * ((n + 1.0) * source[n + 1] + x * source[n] + (source[n - 1] if n else nothing))
        rest = x * (8.0 * (n + 2.0) * (n + 1.0)) * found[n + 2] + (stiffness + 8.0 * n) * (n + 1.0) * found[n + 1]
        rest += 8.0 * x * (n + power) * found[n] + (4.0 * (n - 1.0) + 8.0 * power) * before
        found.append((driven - rest) / (4.0 * (n + 3.0) * (n + 2.0) * (n + 1.0)))
        density.append((-x * density[n + 1] - density[n]) / (n + 2.0))
    return found


def _directly(x: Array, ratio: Array, powers: list[Array], by_power: bool) -> list[Array]:
    """Return what is wanted of lines by a sum for every channel, right up to ``_FAR``."""
    x, f = np.clip(x, -_FAR, _FAR), ratio[:, None]
    upper, lower = (
        _summed(side * x, f, power[:, None], by_power) for side, power in zip((1.0, -1.0), powers, strict=True)
    )
    found = [upper[0] + lower[0], upper[1] - lower[1], upper[2] + lower[2]]
    return [*found, upper[3], lower[3]] if by_power else found


def _far(x: Array, ratio: Array, powers: list[Array], by_power: bool) -> list[Array]:
    """Return what is wanted far from 0, where a side is smooth on the scale of the Gaussian, by Gauss-Hermite sums."""
    side, power, scale = np.copysign(1.0, x), np.where(x > 0.0, *powers), 2.0 / ratio
    distance = np.abs(x)
    parts = [np.zeros_like(x) for _ in range(4 if by_power else 3)]
    for point, weight in zip(_FAR_POINTS.tolist(), _FAR_WEIGHTS.tolist(), strict=True):
        logarithm = -np.log1p((scale * (distance + point)) ** 2)
        term = weight * np.exp(power * logarithm)
        parts[0] += term
        parts[1] += point * term
        parts[2] += (point**2 - 1.0) * term
        if by_power:
            parts[3] += term * logarithm
    parts[1] *= side
    return [*parts[:3], np.where(x > 0.0, parts[3], 0.0), np.where(x > 0.0, 0.0, parts[3])] if by_power else parts
