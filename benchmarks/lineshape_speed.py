"""What a channel of each line shape costs, and how much less than in another checkout.

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts python benchmarks/lineshape_speed.py [scripts folder of another checkout]
64 spectra of four lines, 121 channels of 0.1 eV; value with the derivatives by position and FWHM, and with those by the
shape's own numbers too. Of both checkouts the best of five CPU times counts, taken in turns.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from xps import lineshapes

OWN = {
    "voigt": (0.05,),
    "gaussian": (),
    "lorentzian": (),
    "pseudo_voigt": (0.3,),
    "gl_product": (0.3,),
    "doniach_sunjic": (0.05, 0.1),
    "la": (1.2, 2.5, 0.6),
}
ROUNDS, REPEATS = 5, 4
OURS = "--ours"


def evaluation(shape: str, slopes: bool) -> tuple[Callable[[], object], int]:
    """Return something that evaluates a shape, and how many channels that is."""
    rng = np.random.default_rng(0)
    energy = np.tile(np.linspace(36.0, 24.0, 121), (64, 1, 1))
    position = np.array([28.0, 28.6, 30.0, 30.6])[None, :, None] + rng.normal(0.0, 0.1, (64, 4, 1))
    width = rng.uniform(1.1, 1.3, (64, 4, 1))
    return lambda: lineshapes.profile(shape, energy, position, width, *OWN[shape], slopes=slopes), 64 * 4 * 121


def measured() -> dict[str, float]:
    """Return ns per channel of each shape, without and with the derivatives by its own numbers."""
    found = {}
    for shape in lineshapes.SHAPES:
        for slopes in (False, True):
            work, channels = evaluation(shape, slopes)
            work()
            begin = time.process_time()
            for _ in range(REPEATS):
                work()
            found[f"{shape}{' and all slopes' if slopes else ''}"] = (
                (time.process_time() - begin) / REPEATS / channels * 1e9
            )
    return found


def elsewhere(scripts: str) -> dict[str, float]:
    """Return the same of the checkout whose library lies in ``scripts``."""
    environment = os.environ | {"PYTHONPATH": scripts}
    done = subprocess.run([sys.executable, __file__, OURS], capture_output=True, text=True, env=environment, check=True)  # noqa: S603
    return dict(json.loads(done.stdout))


def main(words: list[str]) -> None:
    """Print the table."""
    if OURS in words:
        print(json.dumps(measured()))
        return
    places = [os.environ["PYTHONPATH"].split(os.pathsep)[0], *words]
    rounds = [[elsewhere(place) for place in places] for _ in range(ROUNDS)]
    least = [{shape: min(one[i][shape] for one in rounds) for shape in rounds[0][i]} for i in range(len(places))]
    print("| shape | ns per channel | voigts |" + " other checkout | ratio |" * len(words))
    print("|---|---|---|" + "---|---|" * len(words))
    for shape, own in least[0].items():
        others = "".join(f" {other[shape]:.0f} | {other[shape] / own:.1f} |" for other in least[1:])
        print(f"| {shape} | {own:.0f} | {own / least[0]['voigt']:.1f} |{others}")


if __name__ == "__main__":
    main(sys.argv[1:])
