"""Channels that no line and no background could make: dead ones, and spikes.

A fit takes them for data, and says only that it is poor. A detector's dead channel holds no counts among many; a spike
holds far more than its neighbours. Nothing is left out: the message of the fit names them, the operator decides.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# No counts where 20 are expected happens once in 5e8 channels.
_ENOUGH_COUNTS = 20.0
# ASSUME 8 standard deviations, and three times as many as either neighbour: lines and steps are wider than a channel.
_FAR_SIGMA, _ALONE = 8.0, 3.0
_NAMED = 3


def lone_channels(energy_ev: Array, counts: Array, expected: Array, residual_sigma: Array) -> str:
    """Return in words which channels of a window stand apart from their neighbours; empty where none does.

    All arrays have one value per channel; ``expected`` are the fitted counts, ``residual_sigma`` their residuals.
    """
    size = np.abs(residual_sigma)
    beside = np.maximum(np.append(size[1:], 0.0), np.insert(size[:-1], 0, 0.0))
    alone = size > _ALONE * beside
    dead = (counts == 0.0) & (expected > _ENOUGH_COUNTS) & alone
    spikes = (size > _FAR_SIGMA) & alone & ~dead
    words = [
        *(f"no counts at {energy_ev[i]:.2f} eV where {expected[i]:.0f} are expected" for i in np.flatnonzero(dead)),
        *(f"{residual_sigma[i]:+.0f} sigma at {energy_ev[i]:.2f} eV alone" for i in np.flatnonzero(spikes)),
    ]
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return f"lone channels: {', '.join(words[:_NAMED])}{more}" if words else ""
