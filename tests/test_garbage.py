"""The collector looks seldom, and at the end of a process not at all: what is loaded costs nothing more."""

import subprocess
import sys
from pathlib import Path

from xps import garbage

SCRIPTS = Path(__file__).parents[1] / "scripts"
# Says how often the collector looks while 90,000 objects are made and kept, and (its callback runs last) how many
# objects the end of the process would look through.
PROGRAM = """
import atexit, gc, os, sys
from xps import garbage
looked = []
atexit.register(lambda: os.write(1, f"{len(gc.get_objects())}\\n".encode()))
if sys.argv[1] == "seldom":
    garbage.collect_seldom()
    garbage.collect_seldom()
gc.callbacks.append(lambda phase, facts: looked.append(phase))
kept = [[number] for number in range(90_000)]
print(len(looked) // 2, flush=True)
"""


def looks_and_left(mode: str) -> tuple[int, int]:
    """Return how often the collector looked, and how many objects it would look through at the end of the process."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode], cwd=SCRIPTS, capture_output=True, text=True, check=True, timeout=60
    )
    looks, left = done.stdout.split()
    return int(looks), int(left)


def test_it_looks_seldom_and_at_the_end_not_at_all() -> None:
    looks, left = looks_and_left("as python does")
    assert looks > 100
    assert left > 90_000
    looks, left = looks_and_left("seldom")
    assert looks == 0
    assert left < 100


def test_cycles_are_still_found_in_the_end() -> None:
    """Garbage in cycles cannot grow without limit: after so many new objects the collector looks."""
    program = (
        "import gc\nfrom xps import garbage\ngarbage.collect_seldom()\n"
        "class Cycle:\n    def __init__(self): self.me = self\n"
        f"for _ in range({3 * garbage.OBJECTS_BETWEEN_LOOKS}): Cycle()\n"
        "print(sum(isinstance(item, Cycle) for item in gc.get_objects()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout) <= garbage.OBJECTS_BETWEEN_LOOKS
