"""Python's collector of cyclic garbage, told to look seldom.

What a job or a run loads (a hundred thousand functions, classes and tables of libraries) stays until its end, yet is
looked through again and again while it loads, and once more, whole, when the process ends. For a job that draws a
figure that was a third of its start and end (0.35 of 1.06 s), for a start of Snakemake 0.7 of 2.5 s.
"""

import atexit
import gc
from functools import cache

# What a stage makes is in arrays, which are freed without the collector; objects in cycles are few and small.
OBJECTS_BETWEEN_LOOKS = 100_000


@cache
def collect_seldom() -> None:
    """Let this process keep what it has loaded so far, look for garbage seldom, and not at all at its end."""
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, *gc.get_threshold()[1:])
    atexit.register(gc.freeze)
