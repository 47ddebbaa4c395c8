"""How thick the films are: component areas and declared stacks in, the table ``layers`` out.

Three layer models:
- ``layer``: one closed film on a thick substrate; with one core level in both, d = L ln(1 + R/R∞);
- ``layers``: several closed films on each other, each with a tracer of its own, solved together;
- ``patchy``: the same, the films marked as patches cover a share of the surface only. One emission angle cannot tell a
  thin closed film from thick patches, so the share is declared, and where the declared shares give amounts more than
  30 % apart the thickness is ``not_identified``. A row of its own, ``coverage``, says of each acquisition whether the
  areas tell the declared shares apart: as a rule they do not.

Adventitious carbon, where declared, lies on all of it, closed and even; its thickness follows from C 1s like any other.

Mean free paths come from TPP-2M and are wrong together: ``thickness_imfp_stderr_nm`` says by how much that is, and
``thickness_carbon_stderr_nm`` what it is worth that nobody knows what the carbon is made of. What the areas' systematic
errors (backgrounds, shapes, ties) make of it is ``thickness_fit_stderr_nm``; rate laws leave it aside.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from xps import tables
from xps.attenuation import attenuation_length_nm
from xps.chemistry import Chemistry
from xps.core_lines import atoms_per_nm3, length_nm, phase_of
from xps.layers import verdicts
from xps.layers.stack import Floats, Stack, Thicknesses, thicknesses
from xps.layers.tracers import COLUMNS, Measured, Tracer, untestable
from xps.quantiles import ONE_SIDED_95
from xps.sensitivity import Facts, strength

COVERAGE = "coverage"
"""What stands for the name of a film in the row about the shape of a patchy stack."""

CARBON_STDERR = 0.35
"""ASSUME atoms per volume times mean free path of adventitious carbon to 35 %: between polyethylene and graphite."""

AT_ONCE = 256
"""Acquisitions whose rows are in memory."""

Settings = Mapping[str, Any]
Optics = tuple[tuple[str, Facts | None], ...]
"""What strengths and lengths of a stack follow from: level and header of each layer's tracer."""


def extract(
    found: tables.Series, stacks: Sequence[Settings], chemistry: Chemistry, lines: Sequence[Settings]
) -> Iterator[tables.Table]:
    """Yield the table ``layers``, some acquisitions at a time: every film of every declared stack in all of them.

    ``found`` holds ``acquisitions``, of which those not excluded count, and ``components``; ``stacks`` are as the
    experiment file declares them, ``lines`` the rows of its table of sensitivity factors.
    """
    known = {line["core_level"]: line for line in lines}
    for declared in stacks:
        optics: dict[Optics, Stack] = {}
        for span in found.spans(AT_ONCE):
            acquisitions, components = (found.part(name, span, columns) for name, columns in COLUMNS.items())
            measured = Measured(acquisitions, components, [declared])
            rows = (
                _rows(declared, acquisition, measured, chemistry, known, optics)
                for acquisition in measured.acquisitions
            )
            yield tables.from_rows("layers", chain.from_iterable(rows))


def _rows(
    declared: Settings,
    acquisition: int,
    measured: Measured,
    chemistry: Chemistry,
    lines: Mapping[str, Settings],
    optics: dict[Optics, Stack],
) -> Iterator[dict[str, Any]]:
    layers, unseen = _layers(declared, acquisition, measured, lines)
    tracers = [measured.tracer(layer["tracer"], acquisition) for layer in layers]
    keys = {
        "experiment": measured.experiment,
        "acquisition": acquisition,
        "layer_model": declared["layer_model"],
        "lines": ", ".join(
            f"{tracer.core_level} of {layer['phase']}" for tracer, layer in zip(tracers, layers, strict=True)
        ),
    }
    films = layers[:-1]
    reason = untestable(layers, tracers, lines)
    if reason:
        for film in reversed(films):
            yield {**keys, "layer": film["layer"], "verdict": "not_testable", "condition": reason}
        return
    areas, stderrs, systematics = (
        np.array([getattr(tracer, name) for tracer in tracers]) for name in ("area", "stderr", "systematic")
    )
    coverages = declared.get("coverages", [1.0])
    seen_by = tuple((tracer.core_level, tracer.facts) for tracer in tracers)
    if seen_by not in optics:
        optics[seen_by] = _stack(layers, tracers, chemistry, lines)
    stacks = [replace(optics[seen_by], coverage=coverage) for coverage in coverages]
    answers = [thicknesses(stack, areas, stderrs, systematics=systematics) for stack in stacks]
    agree = verdicts.agreement(films, coverages, answers)
    buried = not tracers[-1].detected
    for coverage, stack, answer in zip(coverages, stacks, answers, strict=True):
        carbon = _of_carbon(films, stack, areas, stderrs, answer)
        for index, film in reversed(list(enumerate(films))):
            row = verdicts.film_row(film, index, coverage, answer, declared, agree[index])
            row = verdicts.under_carbon(row, carbon[index], unseen)
            if buried and index == stack.films - 1:
                row |= verdicts.through(float(_other_area(stack, areas, stderrs, -1, ONE_SIDED_95).value_nm[-1]))
            elif verdicts.endless(index, answer):
                row = verdicts.at_least(row, index, _other_area(stack, areas, stderrs, index, -ONE_SIDED_95))
            yield {**keys, **row}
    if len(coverages) > 1:
        patches = [tracer for layer, tracer in zip(layers, tracers, strict=True) if layer.get("patches", False)]
        shape = verdicts.shape(coverages, answers, any(tracer.detected for tracer in patches))
        yield {**keys, "layer": COVERAGE, **shape}


def _layers(
    declared: Settings, acquisition: int, measured: Measured, lines: Mapping[str, Settings]
) -> tuple[list[Settings], str]:
    """Return the layers from the surface down, the substrate last; and why carbon is not among them though declared."""
    # Declared from below to the surface.
    films = [*reversed(declared["films"]), declared["substrate"]]
    if "carbon" not in declared:
        return films, ""
    carbon = {**declared["carbon"], "layer": "carbon", "carbon": True}
    unseen = untestable([carbon], [measured.tracer(carbon["tracer"], acquisition)], lines)
    return (films, unseen) if unseen else ([carbon, *films], "")


def _of_carbon(
    films: Sequence[Settings], stack: Stack, areas: Floats, stderrs: Floats, answer: Thicknesses
) -> Sequence[float | None]:
    """Return by how much each thickness changes when carbon's line is stronger by its error; None without carbon."""
    if not films[0].get("carbon", False):
        return [None] * len(films)
    strengths = stack.strengths.copy()
    strengths[0] *= 1.0 + CARBON_STDERR
    other = thicknesses(replace(stack, strengths=strengths), areas, stderrs, answer.value_nm)
    return [float(change) for change in np.abs(other.value_nm - answer.value_nm)]


def _stack(
    layers: Sequence[Settings], tracers: Sequence[Tracer], chemistry: Chemistry, lines: Mapping[str, Settings]
) -> Stack:
    strengths, lengths = [], []
    for layer, tracer in zip(layers, tracers, strict=True):
        assert tracer.facts is not None  # untestable has seen to it
        line, facts = lines[tracer.core_level], tracer.facts
        density = atoms_per_nm3(phase_of(layer["phase"], chemistry), layer["tracer"]["element"])
        strengths.append(strength(line, facts) * density)
        lengths.append([_length_nm(other, chemistry, line, facts) for other in layers])
    patches = np.array([bool(layer.get("patches", False)) for layer in layers])
    return Stack(np.array(strengths), np.array(lengths), patches)


def _length_nm(layer: Settings, chemistry: Chemistry, line: Settings, facts: Facts) -> float:
    """Return the attenuation length (nm) of a line in a layer, by the layer's own mean free path if it has one."""
    if "mean_free_path_nm" in layer:
        return float(attenuation_length_nm(layer["mean_free_path_nm"], float(facts.emission_angle_deg or 0.0)))
    return length_nm(layer["phase"], chemistry, line, facts)


def _other_area(stack: Stack, areas: Floats, stderrs: Floats, line: int, sigmas: float) -> Thicknesses:
    """Return the thicknesses if one line were stronger by so many of its standard errors (an area is at least 0)."""
    seen = areas.copy()
    seen[line] = max(areas[line], 0.0) + sigmas * stderrs[line]
    return thicknesses(stack, seen, stderrs)


__all__ = ["COVERAGE", "extract"]
