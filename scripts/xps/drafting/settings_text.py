"""The draft of an experiment file, line by line."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xps.acquisitions.cycles import RawFile
from xps.drafting import log_text, model_text
from xps.drafting.regions import Window
from xps.errors import ConfigError
from xps.spectra import Measurement

REFERENCE_LEVEL, REFERENCE_MODEL, REFERENCE_EV = "C 1s", "adventitious_c1s", 284.8
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*[0-9][A-Za-z0-9_]*")


def lines(
    experiment: str,
    places: tuple[str, str],
    files: Sequence[RawFile],
    contents: Mapping[str, Measurement],
    found: Sequence[Window],
    models: Mapping[str, Mapping[str, Any]],
) -> Iterator[str]:
    """Yield the lines of the draft; ``places`` are the folder under the raw root and the log's name.

    ``contents`` are those of the ``files`` that can be used, by their names.
    Raises ConfigError when measured and simulated files lie together.
    """
    read = list(contents.values())
    folder, log_name = places
    yield f"# Drafted from {len(files)} raw file{'s' * (len(files) > 1)}. Lines marked `check` are guesses."
    yield "# config/schema/experiment.schema.yaml explains every key, the other experiments show more of them."
    yield f"description: {experiment}, drafted from its raw files  # fill in: what was done to which sample"
    yield f"data_origin: {_origin(read)}  # as the files' headers say"
    suffixes = sorted({f"*{raw.name[raw.name.rindex('.') :].lower()}" for raw in files})
    yield f"source: {{folder: {quoted(folder)}, files: {json.dumps(suffixes)}, log: {quoted(log_name)}}}"
    yield "# check: which core levels does each window hold? Add those that intrude, such as O 2s beside Ge 3d."
    levels = [level for window in found for level in window.levels]
    yield "regions:" if levels else "regions: {}"
    for window in found:
        yield _region_line(window, len(read))
    yield from _reference(levels, models)
    yield f"axis: {axis_of(read)}  # check: plating_time_s and rest_time_s need their column in the log"
    yield from _model_lines(experiment, found, models)
    yield from _survey(found)


def quoted(text: str) -> str:
    """Return ``text`` as a YAML string; what cannot be printed, as in a name in Shift-JIS, is spelt with escapes."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def axis_of(read: Sequence[Measurement]) -> str:
    """Return the axis that the files themselves have."""
    return "sputter_time_s" if any(log_text.is_sputtered(item) for item in read) else "start_time_s"


def is_referred(levels: Sequence[str], models: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether the draft refers energies to adventitious carbon."""
    return REFERENCE_LEVEL in levels and REFERENCE_MODEL in models


def drawn(found: Sequence[Window], models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the levels that get a line of their own: those that regions are named after, but for the reference's."""
    levels = [window.levels[0] for window in found if window.levels]
    return [level for level in levels if level != REFERENCE_LEVEL or not is_referred(levels, models)]


def _origin(read: Sequence[Measurement]) -> str:
    simulated = [item.name for item in read if item.simulated]
    measured = [item.name for item in read if not item.simulated]
    if simulated and measured:
        raise ConfigError(
            f"{simulated[0]} is marked SIMULATED in its header, {measured[0]} is not; "
            "expected files of one kind: put them into folders of their own"
        )
    return "simulated" if simulated else "measured"


def _region_line(window: Window, total: int) -> str:
    key = window.name if _PLAIN_KEY.fullmatch(window.name) else quoted(window.name)
    some = "" if window.files == total else f"; in {window.files} of {total} files"
    if not window.levels:
        shown = window.name if window.name.isprintable() else key
        return f"  # {shown}: left out: {window.remark}{some}"
    return f"  {key}: [{', '.join(window.levels)}]  # check: {window.remark}{some}"


def _reference(levels: Sequence[str], models: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if is_referred(levels, models):
        yield "# check: is there adventitious carbon in every acquisition, and does it share the sample's potential?"
        yield f"energy_reference: {{mode: fitted, level: C 1s, component: C-C, binding_energy_ev: {REFERENCE_EV}}}"
    else:
        yield "# check: no region of C 1s to refer to, so energies stay as recorded; mode fixed takes a known shift_ev."
        yield "energy_reference: {mode: none}"


def _model_lines(experiment: str, found: Sequence[Window], models: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    levels = [level for window in found for level in window.levels]
    yield "# fill in: the fit models (config/models). What was measured would serve these, if the sample is theirs:"
    for name, needed in _candidates(levels, models).items():
        extra = [level for level in needed if level not in levels]
        also = f"; name {', '.join(extra)} in regions too" if extra else ""
        yield f"#   {name}: {', '.join(needed)}{also}"
    yield "# One line for each level, to begin with; where one of those serves, put its name in place of the line's."
    yield f"models: [{', '.join(named_models(experiment, found, models))}]"


def named_models(experiment: str, found: Sequence[Window], models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the models that the draft names: that of the reference, and the one drafted for each other level."""
    levels = [level for window in found for level in window.levels]
    reference = [REFERENCE_MODEL] if is_referred(levels, models) else []
    return reference + [model_text.name_of(experiment, level) for level in drawn(found, models)]


def _candidates(levels: Sequence[str], models: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    return {name: needs(model) for name, model in models.items() if _windows_of(model) <= {*levels}}


def _windows_of(model: Mapping[str, Any]) -> set[str]:
    return {window["core_level"] for window in model["windows"]}


def needs(model: Mapping[str, Any]) -> list[str]:
    """Return the core levels of a model's windows and components."""
    return list(dict.fromkeys(item["core_level"] for key in ("windows", "components") for item in model[key]))


def _survey(found: Sequence[Window]) -> Iterator[str]:
    for window in found:
        if window.is_survey:
            yield "# check: does config/reference/survey_lines.csv hold a line of each element? No other counts."
            yield f"# composition: {{survey: {quoted(window.name)}}}"
            return
