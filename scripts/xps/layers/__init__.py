"""How thick the films are: component areas and declared stacks in, the table ``layers`` out.

Three layer models:
- ``layer``: one closed film on a thick substrate; with one core level in both, d = L ln(1 + R/R∞);
- ``layers``: several closed films on each other, each with a tracer of its own, solved together;
- ``patchy``: the same, the films marked as patches cover a share of the surface only. One emission angle cannot tell a
  thin closed film from thick patches, so the share is declared, and where the declared shares give amounts more than
  30 % apart the thickness is ``not_identified``. A row of its own, ``coverage``, says of each acquisition whether the
  areas tell the declared shares apart: as a rule they do not.

Mean free paths come from TPP-2M and are wrong together: ``thickness_imfp_stderr_nm`` says by how much that is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from xps import tables
from xps.attenuation import RELATIVE_STDERR
from xps.chemistry import Chemistry
from xps.core_lines import atoms_per_nm3, length_nm, phase_of
from xps.layers.stack import Floats, Stack, Thicknesses, thicknesses
from xps.sensitivity import Facts, strength

MORPHOLOGY_AGREEMENT = 0.3
"""ASSUME amounts that agree to 30 % over the declared coverages do not hang on the coverage."""

LEAST_BURIED_NM = 5.0
"""ASSUME below this, about two attenuation lengths, a large error means a small amount and not a thick film."""

COVERAGE = "coverage"
"""What stands for the name of a film in the row about the shape of a patchy stack."""

_CHI_SQUARE_95 = 3.841458820694124

Settings = Mapping[str, Any]


def extract(
    acquisitions: pa.Table,
    components: pa.Table,
    stacks: Sequence[Settings],
    chemistry: Chemistry,
    lines: Sequence[Settings],
) -> pa.Table:
    """Return the table ``layers``: every film of every declared stack in every acquisition that is not excluded.

    ``stacks`` are as the experiment file declares them, ``lines`` the rows of its table of sensitivity factors.
    """
    known = {line["core_level"]: line for line in lines}
    measured = _Measured(acquisitions, components)
    rows = [
        row
        for declared in stacks
        for acquisition in measured.acquisitions
        for row in _rows(declared, acquisition, measured, chemistry, known)
    ]
    return tables.from_rows("layers", rows)


class Tracer(NamedTuple):
    """A layer's tracer in one acquisition: area and standard error (cps·eV, NaN where unknown), header, level."""

    area: float
    stderr: float
    facts: Facts | None
    core_level: str
    detected: bool


class _Measured:
    """Areas and headers by what a stack asks for."""

    def __init__(self, acquisitions: pa.Table, components: pa.Table) -> None:
        kept = [row for row in acquisitions.to_pylist() if not row["excluded"]]
        self.experiment = str(kept[0]["experiment"]) if kept else ""
        self.acquisitions = sorted({int(row["acquisition"]) for row in kept})
        self._facts = {
            (row["acquisition"], row["region"]): Facts(*(row[name] for name in Facts._fields)) for row in kept
        }
        self._areas = {(row["model"], row["component"], row["acquisition"]): row for row in components.to_pylist()}

    def tracer(self, tracer: Settings, acquisition: int) -> Tracer:
        """Return what was measured of the components that ``tracer`` names, added up."""
        found = [self._areas.get((tracer["model"], name, acquisition)) for name in tracer["components"]]
        rows = [row for row in found if row is not None and row["area_cps_ev"] is not None]
        if len(rows) < len(found) or not rows:
            return Tracer(np.nan, np.nan, None, "", False)
        area = sum(row["area_cps_ev"] for row in rows)
        # Where an area lies at its bound 0 its limit says how well that is known.
        errors = [row["area_stderr_cps_ev"] or (row["upper_limit_95_cps_ev"] or np.nan) / 1.645 for row in rows]
        facts = self._facts.get((acquisition, rows[0]["region"]))
        detected = any(row["detected"] is not False for row in rows)
        return Tracer(float(area), float(np.hypot.reduce(errors)), facts, str(rows[0]["core_level"]), detected)


def _rows(
    declared: Settings, acquisition: int, measured: _Measured, chemistry: Chemistry, lines: Mapping[str, Settings]
) -> Iterator[dict[str, Any]]:
    # Declared from below to the surface; a stack counts from the surface down.
    films = list(reversed(declared["films"]))
    layers = [*films, declared["substrate"]]
    tracers = [measured.tracer(layer["tracer"], acquisition) for layer in layers]
    keys = {
        "experiment": measured.experiment,
        "acquisition": acquisition,
        "layer_model": declared["layer_model"],
        "lines": ", ".join(
            f"{tracer.core_level} of {layer['phase']}" for tracer, layer in zip(tracers, layers, strict=True)
        ),
    }
    reason = _untestable(layers, tracers, lines)
    if reason:
        for film in declared["films"]:
            yield {**keys, "layer": film["layer"], "verdict": "not_testable", "condition": reason}
        return
    areas, stderrs = (np.array([getattr(tracer, name) for tracer in tracers]) for name in ("area", "stderr"))
    coverages = declared.get("coverages", [1.0])
    stacks = [_stack(layers, tracers, chemistry, lines, coverage) for coverage in coverages]
    answers = [thicknesses(stack, areas, stderrs) for stack in stacks]
    agree = _agreement(films, coverages, answers)
    buried = not tracers[-1].detected
    for coverage, stack, answer in zip(coverages, stacks, answers, strict=True):
        for index, film in reversed(list(enumerate(films))):
            row = _film_row(film, index, coverage, answer, declared, agree[index])
            lowest = buried and index == stack.films - 1
            yield {**keys, **row, **(_at_least(_lower_limit_nm(stack, areas, stderrs)) if lowest else {})}
    if len(coverages) > 1:
        patches = [tracer for layer, tracer in zip(layers, tracers, strict=True) if layer.get("patches", False)]
        yield {**keys, "layer": COVERAGE, **_shape(coverages, answers, any(tracer.detected for tracer in patches))}


def _untestable(layers: Sequence[Settings], tracers: Sequence[Tracer], lines: Mapping[str, Settings]) -> str:
    for layer, (area, stderr, facts, level, _) in zip(layers, tracers, strict=True):
        names = ", ".join(layer["tracer"]["components"])
        if not np.isfinite(area):
            return f"no area of {names} (not measured in this acquisition, or the fit failed)"
        if not (np.isfinite(stderr) and stderr > 0):
            return f"no standard error of the area of {names}"
        if level not in lines:
            return f"the experiment's table of sensitivity factors has no row for {level}"
        if facts is None or facts.missing:
            return f"the header of {names} lacks {', '.join(facts.missing) if facts else 'everything'}"
    return ""


def _stack(
    layers: Sequence[Settings],
    tracers: Sequence[Tracer],
    chemistry: Chemistry,
    lines: Mapping[str, Settings],
    coverage: float,
) -> Stack:
    strengths, lengths = [], []
    for layer, tracer in zip(layers, tracers, strict=True):
        assert tracer.facts is not None  # _untestable has seen to it
        line, facts = lines[tracer.core_level], tracer.facts
        density = atoms_per_nm3(phase_of(layer["phase"], chemistry), layer["tracer"]["element"])
        strengths.append(strength(line, facts) * density)
        lengths.append([length_nm(other["phase"], chemistry, line, facts) for other in layers])
    patches = np.array([bool(layer.get("patches", False)) for layer in layers])
    return Stack(np.array(strengths), np.array(lengths), patches, coverage)


def _agreement(films: Sequence[Settings], coverages: Sequence[float], answers: Sequence[Thicknesses]) -> list[bool]:
    """Return for each film whether its amount per area is the same over the declared coverages."""
    agree = []
    for index, film in enumerate(films):
        shares = [coverage if film.get("patches") else 1.0 for coverage in coverages]
        amounts = np.array([share * answer.value_nm[index] for share, answer in zip(shares, answers, strict=True)])
        agree.append(bool(np.ptp(amounts) <= MORPHOLOGY_AGREEMENT * np.mean(amounts) or np.max(amounts) < 1e-3))
    return agree


def _shape(coverages: Sequence[float], answers: Sequence[Thicknesses], seen: bool) -> dict[str, str]:
    """Return what the areas say about the coverage: the verdict, and why.

    Patches on a small share cannot give the areas of a thick closed film. That refuses a coverage and still leaves all
    larger ones: only where a closed film is refused is something known of the shape.
    """
    if not seen:
        return {"verdict": "not_testable", "condition": "nothing of what would lie in patches was detected"}
    misfits = np.array([answer.misfit for answer in answers])
    refused = [share for share, worse in zip(coverages, misfits - misfits.min(), strict=True) if worse > _CHI_SQUARE_95]
    words = ["one emission angle gives as many areas as thicknesses and their common intensity"]
    if refused:
        names = " and ".join(f"{share:g}" for share in refused)
        words.append(f"coverage {names} cannot make these areas (95 %), mean free paths to {RELATIVE_STDERR:.0%}")
    if max(coverages) in refused:
        return {"verdict": "conditional", "condition": "; ".join(["a closed film is refused", *words])}
    return {
        "verdict": "not_identified",
        "condition": "; ".join(["islands and a closed film are not told apart", *words]),
    }


def _film_row(
    film: Settings, index: int, coverage: float, answer: Thicknesses, declared: Settings, agree: bool
) -> dict[str, Any]:
    patched = bool(film.get("patches", False))
    words = [f"flat, closed films of even {film['phase']}, mean free paths by TPP-2M to {RELATIVE_STDERR:.0%}"]
    if declared["layer_model"] == "patchy":
        shares = " and ".join(f"{share:g}" for share in declared["coverages"])
        words.append(f"patches on a share {coverage:g} of the surface, which is declared and not measured")
        if not agree:
            words.append(f"the amount differs by more than {MORPHOLOGY_AGREEMENT:.0%} between coverages {shares}")
    found = (answer.value_nm, answer.stderr_nm, answer.imfp_stderr_nm)
    value, stderr, systematic = (float(part[index]) if np.isfinite(part[index]) else None for part in found)
    keys = {
        "layer": film["layer"],
        "coverage_fraction": coverage if patched else 1.0,
        "patch_coverage_fraction": coverage,
    }
    if not answer.success or value is None:
        return {**keys, "verdict": "not_identified", "condition": "the thicknesses could not be solved for"}
    if stderr is None or stderr > value > LEAST_BURIED_NM:
        words.append("no upper limit: the film is thicker than the depth of information")
        return {**keys, "verdict": "not_identified", "condition": "; ".join(words)}
    numbers = {"thickness_nm": value, "thickness_stderr_nm": stderr, "thickness_imfp_stderr_nm": systematic}
    return {**keys, **numbers, "verdict": "conditional" if agree else "not_identified", "condition": "; ".join(words)}


def _lower_limit_nm(stack: Stack, areas: Floats, stderrs: Floats) -> float:
    """Return the thickness of the lowest film at which 1.645 standard errors of the substrate's line would be seen."""
    seen = areas.copy()
    seen[-1] = max(areas[-1], 0.0) + 1.645 * stderrs[-1]
    return float(thicknesses(stack, seen, stderrs).value_nm[-1])


def _at_least(limit_nm: float) -> dict[str, Any]:
    """Return what replaces the thickness of a film through which its substrate is not detected."""
    return {
        "thickness_nm": None,
        "thickness_stderr_nm": None,
        "thickness_imfp_stderr_nm": None,
        "thickness_lower_limit_nm": limit_nm,
        "verdict": "not_identified",
        "condition": f"thicker than {limit_nm:.3g} nm (95 %): the substrate is not detected through the film",
    }


__all__ = ["COVERAGE", "MORPHOLOGY_AGREEMENT", "extract"]
