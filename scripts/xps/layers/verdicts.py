"""What a row of ``layers`` says of a film besides its thickness: what carries it, and what it hangs on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xps.attenuation import RELATIVE_STDERR
from xps.layers.stack import Thicknesses
from xps.quantiles import RISE_TWO_SIDED_95

MORPHOLOGY_AGREEMENT = 0.3
"""ASSUME amounts that agree to 30 % over the declared coverages do not hang on the coverage."""

LEAST_BURIED_NM = 5.0
"""ASSUME below this, about two attenuation lengths, a large error means a small amount and not a thick film."""

Settings = Mapping[str, Any]


def agreement(films: Sequence[Settings], coverages: Sequence[float], answers: Sequence[Thicknesses]) -> list[bool]:
    """Return for each film whether its amount per area is the same over the declared coverages."""
    agree = []
    for index, film in enumerate(films):
        shares = [coverage if film.get("patches") else 1.0 for coverage in coverages]
        amounts = np.array([share * answer.value_nm[index] for share, answer in zip(shares, answers, strict=True)])
        agree.append(bool(np.ptp(amounts) <= MORPHOLOGY_AGREEMENT * np.mean(amounts) or np.max(amounts) < 1e-3))
    return agree


def shape(coverages: Sequence[float], answers: Sequence[Thicknesses], seen: bool) -> dict[str, str]:
    """Return what the areas say about the coverage: the verdict, and why.

    Patches on a small share cannot give the areas of a thick closed film. That refuses a coverage and still leaves all
    larger ones: only where a closed film is refused is something known of the shape.
    """
    if not seen:
        return {"verdict": "not_testable", "condition": "nothing of what would lie in patches was detected"}
    misfits = np.array([answer.misfit for answer in answers])
    refused = [
        share for share, worse in zip(coverages, misfits - misfits.min(), strict=True) if worse > RISE_TWO_SIDED_95
    ]
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


def film_row(
    film: Settings, index: int, coverage: float, answer: Thicknesses, declared: Settings, agree: bool
) -> dict[str, Any]:
    """Return what a row says of one film at one coverage; ``agree``: its amount does not hang on the coverage."""
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
    if endless(index, answer):
        words.append("no upper limit: the film is thicker than the depth of information")
        return {**keys, "verdict": "not_identified", "condition": "; ".join(words)}
    numbers = {"thickness_nm": value, "thickness_stderr_nm": stderr, "thickness_imfp_stderr_nm": systematic}
    if answer.fit_stderr_nm is not None and np.isfinite(answer.fit_stderr_nm[index]):
        numbers["thickness_fit_stderr_nm"] = float(answer.fit_stderr_nm[index])
    return {**keys, **numbers, "verdict": "conditional" if agree else "not_identified", "condition": "; ".join(words)}


def endless(index: int, answer: Thicknesses) -> bool:
    """Return whether a film is so thick that its areas set no upper limit to it."""
    value, stderr = answer.value_nm[index], answer.stderr_nm[index]
    return bool(answer.success and np.isfinite(value) and (np.isnan(stderr) or stderr > value > LEAST_BURIED_NM))


def under_carbon(row: dict[str, Any], stderr_nm: float | None, unseen: str) -> dict[str, Any]:
    """Return the row with the error that carbon on top brings (nm), or with the reason why carbon is left out."""
    if unseen:
        words = "carbon on top left out, which weakens lines of low kinetic energy more"
        return {**row, "condition": f"{row['condition']}; {words}: {unseen}"}
    return {**row, "thickness_carbon_stderr_nm": stderr_nm if row.get("thickness_nm") is not None else None}


def at_least(row: dict[str, Any], index: int, weaker: Thicknesses) -> dict[str, Any]:
    """Return the row of a film without an upper limit, with the lower one that its own line sets, if it sets one.

    ``weaker`` are the thicknesses if that line were weaker by 1.645 of its standard errors.
    """
    if endless(index, weaker):
        return row
    limit_nm = float(weaker.value_nm[index])
    words = f"thicker than {limit_nm:.3g} nm (95 %): a thinner film's line would be weaker"
    return {**row, "thickness_lower_limit_nm": limit_nm, "condition": f"{row['condition']}; {words}"}


def through(limit_nm: float) -> dict[str, Any]:
    """Return what replaces the thickness of a film through which its substrate is not detected."""
    return {
        "thickness_nm": None,
        "thickness_stderr_nm": None,
        "thickness_imfp_stderr_nm": None,
        "thickness_carbon_stderr_nm": None,
        "thickness_fit_stderr_nm": None,
        "thickness_lower_limit_nm": limit_nm,
        "verdict": "not_identified",
        "condition": f"thicker than {limit_nm:.3g} nm (95 %): the substrate is not detected through the film",
    }
