"""The Faddeeva function w(z) = exp(−z²) erfc(−iz) for whole arrays, in the upper half plane.

Near the real axis, where Voigt profiles live (|Re z| <= 32, Im z <= 2.5), w is its Taylor polynomial of order 5 about
the nearest node of a grid: w' = −2zw + 2i/√π gives all derivatives at a node from w there, and nodes lie so close (1/64
at the origin) that the absolute error is below 1e-12 of w and 1e-11 of w' (measured against scipy's ``wofz``).

Elsewhere, J. A. C. Weideman, SIAM Journal on Numerical Analysis 31 (1994) 1497: with Z = (L + iz)/(L − iz), w is
1/(√π (L − iz)) plus a polynomial in Z over (L − iz)². With 32 terms the absolute error is below 5e-14 for every
Im z >= 0. Every operation is one over the whole array, so that costs a fifth of ``wofz``, and the grid a fifteenth;
each element's result is the same in whatever array it stands.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

_TERMS = 32
# Elements at a time: two complex arrays of this size stay in the first or second cache.
_CHUNK = 8192
_ROOT_PI = math.sqrt(math.pi)
_STEP = 1.0 / 64.0
_ORDER = 5
# At these distances from the origin the grid's steps are four times as long as there.
_WIDENED_REAL, _WIDENED_IMAGINARY = 8.0, 2.0
_MOST_REAL, _MOST_IMAGINARY = 32.0, 2.5


def _coefficients() -> tuple[float, list[float]]:
    """Return Weideman's L and the polynomial's coefficients, highest power first."""
    half = 2 * _TERMS
    scale = math.sqrt(_TERMS / math.sqrt(2.0))
    angle = np.arange(-half + 1, half) * math.pi / half
    squared = (scale * np.tan(0.5 * angle)) ** 2
    samples = np.concatenate([[0.0], np.exp(-squared) * (scale**2 + squared)])
    spectrum = np.fft.fft(np.fft.fftshift(samples)).real / (2 * half)
    return scale, [float(value) for value in spectrum[_TERMS:0:-1]]


_SCALE, _POLYNOMIAL = _coefficients()


def faddeeva(z: Complex) -> Complex:
    """Return w(z) for Im z >= 0; nothing is promised below the real axis."""
    # numpy multiplies a single complex number in another way than those of an array.
    flat = z.reshape(-1) if z.size > 1 else np.repeat(z.reshape(-1), 2)
    value = np.empty_like(flat)
    for begin in range(0, flat.size, _CHUNK):
        piece = slice(begin, begin + _CHUNK)
        _weideman(flat[piece], value[piece])
    return value[: z.size].reshape(z.shape)


def _weideman(z: Complex, value: Complex) -> None:
    """Write w(z) into ``value``."""
    iz = 1j * z
    inverse = 1.0 / (_SCALE - iz)
    iz += _SCALE
    iz *= inverse
    np.multiply(iz, _POLYNOMIAL[0], out=value)
    value += _POLYNOMIAL[1]
    for coefficient in _POLYNOMIAL[2:]:
        value *= iz
        value += coefficient
    value *= inverse
    value *= 2.0
    value += 1.0 / _ROOT_PI
    value *= inverse


class _Grid(NamedTuple):
    """Nodes along both axes, and w's Taylor coefficients at all of them, rows of equal Im z one after the other."""

    real: Array
    imaginary: Array
    taylor: tuple[Complex, ...]


def _place(distance: Array, widened: float) -> Array:
    """Return how many steps, fractions too, ``distance`` >= 0 is from the origin along an axis of the grid."""
    found = distance * (1.0 / widened)
    found += 1.0
    np.divide(distance, found, out=found)
    found *= 1.0 / _STEP
    return np.asarray(found)


def _nodes(most: float, widened: float) -> Array:
    steps = np.arange(math.ceil(float(_place(np.array([most]), widened)[0])) + 1) * _STEP
    return np.asarray(steps / (1.0 - steps / widened))


@lru_cache(maxsize=1)
def _grid() -> _Grid:
    """Return the grid; made once, in 6 ms."""
    from scipy.special import wofz  # 0.15 s of import

    real, imaginary = _nodes(_MOST_REAL, _WIDENED_REAL), _nodes(_MOST_IMAGINARY, _WIDENED_IMAGINARY)
    z = (real + 1j * imaginary[:, None]).ravel()
    taylor = [wofz(z)]
    taylor.append(-2.0 * z * taylor[0] + 2j / _ROOT_PI)
    for order in range(2, _ORDER + 1):
        taylor.append(-2.0 / order * (z * taylor[-1] + taylor[-2]))
    return _Grid(real, imaginary, tuple(taylor))


def _near_axis(real: Array, imaginary: Array) -> Complex:
    """Return w for 0 <= Re z <= 32 and 0 <= Im z <= 2.5 by Taylor's polynomial about the nearest node."""
    grid = _grid()
    column = (_place(real, _WIDENED_REAL) + 0.5).astype(np.intp)
    row = (_place(imaginary, _WIDENED_IMAGINARY) + 0.5).astype(np.intp)
    apart = np.empty(real.shape, dtype=np.complex128)
    np.subtract(real, grid.real.take(column), out=apart.real)
    apart.imag = imaginary - grid.imaginary[row]
    column += row * grid.real.size
    # "clip" spares the copy that a take into ``out`` otherwise makes for the case of a wrong index.
    found = grid.taylor[-1].take(column)
    term = np.empty_like(found)
    for coefficient in grid.taylor[-2::-1]:
        found *= apart
        found += coefficient.take(column, out=term, mode="clip")
    return found


def first_quadrant(real: Array, imaginary: Array) -> Complex:
    """Return w at z = real + i·imaginary, none below 0, at least one dimension; ``imaginary`` broadcast to ``real``.

    On the other side w(−z*) = w(z)*; the derivative is w' = −2zw + 2i/√π (Abramowitz & Stegun 7.1.20).
    """
    if np.max(real, initial=0.0) <= _MOST_REAL and np.max(imaginary, initial=0.0) <= _MOST_IMAGINARY:
        return _near_axis(real, imaginary)
    near = (np.minimum(real, _MOST_REAL), np.minimum(imaginary, _MOST_IMAGINARY))
    found = _near_axis(*near)
    far = np.broadcast_to((near[0] < real) | (near[1] < imaginary), found.shape)
    found[far] = faddeeva(real[far] + 1j * np.broadcast_to(imaginary, found.shape)[far])
    return found
