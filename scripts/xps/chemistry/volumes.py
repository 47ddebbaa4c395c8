"""Volumes of what a reaction makes: fractions, conductive share, volume per lithium, and the interphase as one phase.

Percolation is judged over a range of thresholds. ASSUME 0.154 for random equal spheres (Scher and Zallen, J. Chem.
Phys. 53 (1970) 3759: critical volume fraction 0.15 to 0.16; memory, high; the paper uses 15 vol%) and 0.05 to 0.30 for
real microstructures, whose particles are neither spheres nor equal (reasoning, no source opened).
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

from xps.chemistry.formulas import mass_g_mol
from xps.chemistry.phases import Case, Chemistry, Phase
from xps.chemistry.reactions import Reaction

THRESHOLD = 0.154
THRESHOLD_RANGE = (0.05, 0.30)
LITHIUM = "Li"
FARADAY_C_MOL = 96485.33212
_UAH_C = 3.6e-3
_NM_PER_CM = 1e7


class ConductiveFraction(NamedTuple):
    """Share of the volume that conducts electrons, with its range over the densities."""

    value: float
    low: float
    high: float


def volume_fractions(reaction: Reaction, phases: Mapping[str, Phase]) -> dict[str, float]:
    """Return the share of the volume of each phase that ``reaction`` makes; the shares add up to 1."""
    volumes = {name: float(number) * phases[name].molar_volume_cm3 for name, number in reaction.made.items()}
    return {name: volume / sum(volumes.values()) for name, volume in volumes.items()}


def conductive_fraction(reaction: Reaction, phases: Mapping[str, Phase]) -> ConductiveFraction:
    """Return the conductive share of the volume, and its lowest and highest value over all densities' ranges."""
    names = list(reaction.made)
    ends = [phases[name].molar_volume_range_cm3 for name in names]
    central = tuple(phases[name].molar_volume_cm3 for name in names)

    def share(volumes: tuple[float, ...]) -> float:
        parts = [float(reaction.made[name]) * volume for name, volume in zip(names, volumes, strict=True)]
        return sum(part for part, name in zip(parts, names, strict=True) if phases[name].conductive) / sum(parts)

    # The share rises or falls with each volume alone, so its extremes lie at corners of the ranges.
    corners = [share(volumes) for volumes in product(*ends)]
    return ConductiveFraction(share(central), min(corners), max(corners))


def percolation(fraction: ConductiveFraction) -> str:
    """Return ``above``, ``below`` or ``undecided`` over the ranges of both densities and thresholds."""
    low, high = THRESHOLD_RANGE
    if fraction.low > high:
        return "above"
    return "below" if fraction.high < low else "undecided"


def interphase(case: Case, phases: Mapping[str, Phase], name: str) -> Phase:
    """Return what one formula unit of the electrolyte turns into as one phase, mixed evenly; densities' ranges too.

    Atoms and valence electrons add up, volumes add up; the band gap is the volume-weighted mean (ASSUME: TPP-2M takes
    one gap, and its weight in the mean free path is small).
    """
    made = {phases[key]: float(number) for key, number in case.reaction.made.items()}
    total: dict[str, Fraction] = {}
    for phase, number in case.reaction.made.items():
        for element, count in phases[phase].atoms.items():
            total[element] = total.get(element, Fraction(0)) + number * count
    mass = mass_g_mol(total)
    volume = sum(number * phase.molar_volume_cm3 for phase, number in made.items())
    smallest, largest = (
        sum(number * phase.molar_volume_range_cm3[end] for phase, number in made.items()) for end in (0, 1)
    )
    shares = volume_fractions(case.reaction, phases)
    return Phase(
        name=name,
        formula="".join(f"{element}{float(count):.10g}" for element, count in total.items()),
        density_g_cm3=mass / volume,
        density_low_g_cm3=mass / largest,
        density_high_g_cm3=mass / smallest,
        valence_electrons=sum(number * phase.valence_electrons for phase, number in made.items()),
        band_gap_ev=sum(shares[phase.name] * phase.band_gap_ev for phase in made),
        conductive=any(phase.conductive for phase in made),
        source=f"{case.name}: {case.reaction.equation}",
    )


def interphase_per_lithium(case: Case, phases: Mapping[str, Phase]) -> float:
    """Return nm of interphase per nm of dense lithium that the reaction takes up (both per area)."""
    volume = sum(float(number) * phases[name].molar_volume_cm3 for name, number in case.reaction.made.items())
    return volume / (float(case.reaction.taken[LITHIUM]) * phases[LITHIUM].molar_volume_cm3)


def lithium_nm_per_uah_cm2(phases: Mapping[str, Phase]) -> float:
    """Return the thickness of dense lithium (nm) that 1 µAh/cm² makes: one atom per electron."""
    return _UAH_C / FARADAY_C_MOL * phases[LITHIUM].molar_volume_cm3 * _NM_PER_CM


def phase_rows(chemistry: Chemistry) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table ``phases``: every phase of every case, with the case's verdict on percolation."""
    for case in chemistry.cases.values():
        fraction = conductive_fraction(case.reaction, chemistry.phases)
        verdict = percolation(fraction)
        side = "above" if fraction.value > THRESHOLD else "below"
        words = f"{side} the {THRESHOLD} of random equal spheres, {verdict} for real microstructures"
        for name, share in volume_fractions(case.reaction, chemistry.phases).items():
            phase = chemistry.phases[name]
            yield {
                "case": case.name,
                "reaction": case.reaction.equation,
                "phase": name,
                "volume_fraction": share,
                "conductive": phase.conductive,
                "threshold": THRESHOLD,
                "conductive_fraction": fraction.value,
                "conductive_fraction_low": fraction.low,
                "conductive_fraction_high": fraction.high,
                "threshold_low": THRESHOLD_RANGE[0],
                "threshold_high": THRESHOLD_RANGE[1],
                "density_g_cm3": phase.density_g_cm3,
                "source": f"density: {phase.source}; reaction: {case.source}",
                "verdict": verdict,
                "remark": f"{case.remark}; {words}",
            }
