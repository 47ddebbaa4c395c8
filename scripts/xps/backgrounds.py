"""Backgrounds under core levels: static estimates from the data alone, and the active forms fitted with the peaks.

When to use what
- A STATIC background is computed from a spectrum before any fit (``static``). It is kept for comparison in the
  table ``background``; it is never subtracted before a fit, because that hides its uncertainty from every interval.
- An ACTIVE background is part of the model: baseline columns with coefficients (``baseline``), plus what the peaks
  themselves scatter to higher binding energy (``step_under`` for Shirley, ``loss_operator`` for Tougaard).
- ``shirley`` for core levels with a step; ``linear`` where the baseline falls toward higher binding energy (on the loss
  tail of a stronger line) or the step is lost in noise; ``constant`` for weak lines on a flat baseline; ``tougaard``
  for windows of some 30 eV and more.

All functions take energies in eV in either order (strictly monotonic) and know that inelastic losses appear at HIGHER
binding energy. ``endpoint_average_channels`` is how many channels are averaged at either end of a static background
(ISO 19830 asks to report it).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from xps.errors import ConfigError, FitError

Array = NDArray[np.float64]
Estimate = Callable[[Array, Array, int], Array]

# Universal cross-section of S. Tougaard, Surf. Interface Anal. 11 (1988) 453: K(T) = B T / (C + T²)².
TOUGAARD_B_EV2 = 2866.0
TOUGAARD_C_EV2 = 1643.0
_SHIRLEY_TOLERANCE = 1e-10
_SHIRLEY_ITERATIONS = 500


def static(kind: str, binding_energy_ev: Array, intensity: Array, endpoint_average_channels: int = 1) -> Array:
    """Return the static background named ``kind``, in the unit of ``intensity``, channel by channel.

    ConfigError for an unknown kind; FitError when energies are not monotonic, when there are fewer than two channels
    or fewer than ``endpoint_average_channels``, and when a Shirley background does not exist.
    """
    if kind not in _STATIC:
        raise ConfigError(f"no background is called {kind!r}; allowed are {', '.join(KINDS)}")
    return np.asarray(_STATIC[kind](binding_energy_ev, intensity, endpoint_average_channels), dtype=np.float64)


def constant(binding_energy_ev: Array, intensity: Array, endpoint_average_channels: int = 1) -> Array:
    """Return the lower of the two end-point averages, so that no end lies below the background."""
    _, values, _ = _rising(binding_energy_ev, intensity)
    return np.full(values.size, min(_ends(values, endpoint_average_channels)))


def linear(binding_energy_ev: Array, intensity: Array, endpoint_average_channels: int = 1) -> Array:
    """Return the straight line through the two end-point averages, placed at the first and last channel."""
    energy, values, order = _rising(binding_energy_ev, intensity)
    low, high = _ends(values, endpoint_average_channels)
    return np.asarray((low + (high - low) * (energy - energy[0]) / (energy[-1] - energy[0]))[order])


def shirley(binding_energy_ev: Array, intensity: Array, endpoint_average_channels: int = 1) -> Array:
    """Return the iterative Shirley background: its rise is proportional to the peak area at lower binding energy.

    B(E) = I_low + (I_high − I_low) ∫_{E_low}^{E} (I − B) / ∫_{E_low}^{E_high} (I − B), to self-consistency
    (D. A. Shirley, Phys. Rev. B 5 (1972) 4709; A. Proctor, P. M. A. Sherwood, Anal. Chem. 54 (1982) 13).
    Raises FitError where no peak area stands above the background or the iteration does not settle.
    """
    energy, values, order = _rising(binding_energy_ev, intensity)
    low, high = _ends(values, endpoint_average_channels)
    scale = max(float(np.max(np.abs(values))), np.finfo(float).tiny)
    background = np.full(values.size, low)
    for _ in range(_SHIRLEY_ITERATIONS):
        area = _cumulative(energy, values - background)
        if area[-1] <= 0:
            raise FitError("no Shirley background: the peak area above it is not positive; use linear or constant")
        updated = low + (high - low) * area / area[-1]
        if np.max(np.abs(updated - background)) <= _SHIRLEY_TOLERANCE * scale:
            return np.asarray(updated[order])
        background = updated
    raise FitError(f"no Shirley background: not settled after {_SHIRLEY_ITERATIONS} iterations; use linear or constant")


def tougaard(binding_energy_ev: Array, intensity: Array, endpoint_average_channels: int = 1) -> Array:
    """Return the two-parameter universal Tougaard background (U2), B fitted to the end point, C = 1643 eV².

    B(E) = I_low + B ∫_{E' < E} K₁(E − E') (I(E') − I_low) dE' with K₁(T) = T / (C + T²)²
    (S. Tougaard, Surf. Interface Anal. 11 (1988) 453). I_low, the level at the low-energy end, is taken as the tail of
    other lines, constant over the window. The fitted B differs from the universal 2866 eV² when the window is short.
    Raises FitError where nothing above I_low could scatter.
    """
    energy, values, order = _rising(binding_energy_ev, intensity)
    low, high = _ends(values, endpoint_average_channels)
    scattered = _loss_kernel(energy, 1.0, TOUGAARD_C_EV2) @ (values - low)
    last = float(np.mean(scattered[-endpoint_average_channels:]))
    if last <= 0:
        raise FitError("no Tougaard background: no intensity above its low-energy end; use linear or constant")
    return np.asarray((low + (high - low) / last * scattered)[order])


_STATIC: dict[str, Estimate] = {
    "constant": constant,
    "linear": linear,
    "shirley": shirley,
    "tougaard": tougaard,
}
KINDS = tuple(_STATIC)


def baseline_parameters(kind: str) -> tuple[str, ...]:
    """Return the names of the active background's linear coefficients, in the order of ``baseline``'s columns."""
    if kind not in _STATIC:
        raise ConfigError(f"no background is called {kind!r}; allowed are {', '.join(KINDS)}")
    return ("baseline_low_cps", "baseline_high_cps") if kind == "linear" else ("baseline_cps",)


def baseline(kind: str, binding_energy_ev: Array) -> Array:
    """Return the columns (channels × coefficients) of the active background's baseline.

    A constant is one column of ones. A line is two, its level at the lowest and at the highest energy: with both
    coefficients >= 0 the baseline is nowhere negative, which intercept and slope cannot promise.
    """
    energy = np.asarray(binding_energy_ev, dtype=np.float64)
    if len(baseline_parameters(kind)) == 1:
        return np.ones((energy.size, 1))
    share = (energy - energy.min()) / np.ptp(energy)
    return np.column_stack([1.0 - share, share])


def step_under(binding_energy_ev: Array, peaks: Array) -> Array:
    """Return ∫ of ``peaks`` (channels × columns) from the low-energy end to each channel, by the trapezoidal rule.

    Times a factor k in 1/eV this is the active Shirley background of those peaks: each peak raises the background at
    higher binding energy by k times its area. The real VersaProbe spectrum of Sn 3d has k ≈ 0.023 /eV.
    """
    energy = np.asarray(binding_energy_ev, dtype=np.float64)
    if energy.size > 1 and energy[0] > energy[-1]:
        return _cumulative(energy[::-1], peaks[::-1])[::-1]
    return _cumulative(energy, peaks)


def loss_operator(binding_energy_ev: Array, b_ev2: float = TOUGAARD_B_EV2, c_ev2: float = TOUGAARD_C_EV2) -> Array:
    """Return the matrix L (channels × channels) that turns peaks into their Tougaard background, L @ peaks.

    In Tougaard's theory the background is B∫K j of the MEASURED spectrum j = peaks + background, hence
    j = (1 − K)⁻¹ peaks and L = (1 − K)⁻¹ − 1: no noisy data enter the model. B is given, not fitted: in a window of
    10 to 20 eV it cannot be told from the baseline.
    """
    energy = np.asarray(binding_energy_ev, dtype=np.float64)
    order = np.argsort(energy)
    kernel = _loss_kernel(energy[order], b_ev2, c_ev2)
    inverse = np.linalg.inv(np.eye(energy.size) - kernel) - np.eye(energy.size)
    back = np.argsort(order)
    return np.asarray(inverse[np.ix_(back, back)])


def _loss_kernel(rising_ev: Array, b_ev2: float, c_ev2: float) -> Array:
    """Return B T/(C + T²)² of every pair of channels times the channel widths (trapezoidal), 0 for gains."""
    loss = np.maximum(rising_ev[:, None] - rising_ev[None, :], 0.0)
    widths = np.gradient(rising_ev)
    widths[[0, -1]] *= 0.5
    return np.asarray(b_ev2 * loss / (c_ev2 + loss**2) ** 2 * widths)


def _rising(binding_energy_ev: Array, intensity: Array) -> tuple[Array, Array, NDArray[np.intp] | slice]:
    """Return energies and intensities in rising order, and the index that restores the given order."""
    energy = np.asarray(binding_energy_ev, dtype=np.float64)
    values = np.asarray(intensity, dtype=np.float64)
    steps = np.diff(energy)
    if energy.ndim != 1 or energy.shape != values.shape or energy.size < 2:
        raise FitError(f"a background needs two channels or more; found {energy.shape} energies, {values.shape} values")
    if np.all(steps > 0):
        return energy, values, slice(None)
    if np.all(steps < 0):
        return energy[::-1], values[::-1], slice(None, None, -1)
    raise FitError("a background needs energies that rise or fall strictly")


def _ends(values: Array, channels: int) -> tuple[float, float]:
    if not 1 <= channels <= values.size:
        raise FitError(f"end points averaged over {channels} channels, but the window holds {values.size}")
    return float(np.mean(values[:channels])), float(np.mean(values[-channels:]))


def _cumulative(rising_ev: Array, values: Array) -> Array:
    """Return the running trapezoidal integral of ``values`` (channels, or channels × columns), 0 at the first."""
    widths = np.diff(rising_ev)
    shaped = widths if values.ndim == 1 else widths[:, None]
    total = np.zeros_like(values)
    np.cumsum(0.5 * shaped * (values[1:] + values[:-1]), axis=0, out=total[1:])
    return total
