"""How a PHI file is refused: one sentence with place, what was found, what was expected and what to do."""

from xps.errors import RawFileError

COPY_AGAIN = "copy the file again from the instrument, in binary mode"
_LONGEST = 300


def refusal(place: str, found: object, expected: object, remedy: str = COPY_AGAIN) -> RawFileError:
    """Return the error to raise, long texts of the file cut; ``read`` puts the file's name in front of it."""
    return RawFileError(f"{_short(place)}: found {_short(found)}, expected {_short(expected)}; {remedy}")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
