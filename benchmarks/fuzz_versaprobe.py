r"""Coverage-guided fuzzing of the PHI reader with atheris (libFuzzer), judged by the tests' independent decoder.

Not part of the tests: atheris lives in an environment of its own, and an hour is a good length.

    python3 -m venv ../fuzz && ../fuzz/bin/pip install atheris numpy
    for portion in $(seq 20); do
        nice -n 19 ../fuzz/bin/python benchmarks/fuzz_versaprobe.py ../fuzz/corpus -max_total_time=180 -timeout=10 \
            -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=../fuzz/
    done

In portions, because atheris itself grows by some 0.2 kB per input. The folder named first keeps the corpus; it is
seeded with the small files of tests/phi_files.py and, where ../shared/data lies beside the project, the real ones. Each
input must either be refused with RawFileError or give exactly what tests/phi_decoder.py reads from the same bytes; a
warning of numpy, a hang (-timeout) and too much memory (-rss_limit_mb) are findings too, and end the portion.
What is found becomes a test in tests/test_versaprobe_fuzzed.py.
"""

import random
import re
import struct
import sys
import warnings
from pathlib import Path

import atheris

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "tests")]

with atheris.instrument_imports(include=["xps"]):
    from xps import inspection, versaprobe
    from xps.errors import RawFileError

import phi_decoder  # noqa: E402  (after the path is set, and without instrumentation)
from phi_files import small_files  # noqa: E402

LARGEST_SEED = 64_000
INTERESTING = (0, 1, 2, 4, 8, 16, 77, 96, 2**16, 2**31 - 1, 2**31, 2**32 - 4, 2**32 - 1)
NUMBERS = (b"0", b"-1", b"1", b"1e999", b"nan", b"1_0", b"-0.0", b"1e-320", b"99999999999999999999", b".5", b"")


def test_one_input(data: bytes) -> None:
    """Let the reader judge ``data``, and the decoder judge the reader."""
    try:
        measurement = versaprobe.read(data, "fuzz")
    except RawFileError:
        return
    found = phi_decoder.differences(measurement, data)
    if found:
        raise AssertionError("; ".join(found))
    inspection.describe(measurement)
    for region in measurement.regions:
        measurement.transmission(region)


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Return a change of ``data`` that libFuzzer asks for."""
    return changed(data, max_size, random.Random(seed))[:max_size]  # noqa: S311


def changed(data: bytes, max_size: int, chance: random.Random) -> bytes:
    """Change header, block table or body on their own, so that most inputs get past the first check."""
    end = re.search(rb"\nEOFH\r?\n", data)
    if end is None or chance.random() < 0.1:
        return atheris.Mutate(data, max_size)
    head, body = data[: end.end()], data[end.end() :]
    how = chance.randrange(6)
    if how == 0:
        return atheris.Mutate(head, max(len(head), max_size - len(body))) + body
    if how == 1:
        return another_number(head, chance) + body
    if how == 2:
        return other_lines(head, chance) + body
    return head + (other_bytes(body, chance) if how == 3 else another_word(body, chance))


def another_number(head: bytes, chance: random.Random) -> bytes:
    """Put another number in place of one of the header."""
    found = list(re.finditer(rb"[-+]?[0-9][0-9.]*", head))
    if not found:
        return head
    one = chance.choice(found)
    new = chance.choice((*NUMBERS, chance.choice(found).group(), str(chance.randint(-3, 3000)).encode()))
    return head[: one.start()] + new + head[one.end() :]


def other_lines(head: bytes, chance: random.Random) -> bytes:
    """Swap, repeat or drop header lines."""
    lines = head.split(b"\n")
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    how = chance.randrange(3)
    if how == 0:
        lines[a], lines[b] = lines[b], lines[a]
    elif how == 1:
        lines.insert(a, lines[b])
    else:
        del lines[a]
    return b"\n".join(lines)


def another_word(body: bytes, chance: random.Random) -> bytes:
    """Change one 32-bit word of the block table."""
    at = 4 * chance.randrange(4 + 24 * chance.randrange(1, 8))
    if at + 4 > len(body):
        return body[: chance.randrange(len(body) + 1)]
    (old,) = struct.unpack_from("<I", body, at)
    near = (old + chance.choice((-96, -4, -1, 1, 4, 96))) % 2**32
    other = struct.unpack_from("<I", body, 4 * chance.randrange(len(body) // 4))[0]
    new = chance.choice((near, other, chance.choice(INTERESTING), old ^ (1 << chance.randrange(32))))
    return body[:at] + struct.pack("<I", new) + body[at + 4 :]


def other_bytes(body: bytes, chance: random.Random) -> bytes:
    """Change some bytes of the body and keep its length."""
    new = bytearray(body)
    for _ in range(chance.randint(1, 8) if new else 0):
        new[chance.randrange(len(new))] = chance.choice((0, 255, 127, 128, chance.randrange(256)))
    return bytes(new)


def seed_corpus(folder: Path) -> None:
    """Write the files to begin with into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in small_files().items():
        (folder / name).write_bytes(data)
    real = PROJECT.parent / "shared" / "data"
    for path in sorted(real.rglob("*")):
        if path.suffix.lower() in (".spe", ".pro") and path.stat().st_size <= LARGEST_SEED:
            (folder / path.name).write_bytes(path.read_bytes())


def main() -> None:
    """Seed the corpus folder given first, then fuzz until told to stop."""
    warnings.simplefilter("error")
    seed_corpus(Path(sys.argv[1]))
    atheris.Setup([*sys.argv, f"-max_len={LARGEST_SEED}"], test_one_input, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
