"""How strongly a core level is seen: what a table's factor holds already, and the corrections that are still missing.

When to use what: ``sensitivity`` for a homogeneous sample, mean free path and error included; ``strength`` where a
layer model brings attenuation lengths of its own; ``faults`` before a run.

A measured area is, for a homogeneous sample, atoms per volume × cross-section × angular asymmetry × transmission × mean
free path. Tables of factors hold some of these; each row says which, and only the others are applied:

- asymmetry L = 1 + (β/2)(3/2 sin²γ − 1) at the angle γ between X-rays and analyser (Reilman, Msezane & Manson,
  J. Electron Spectrosc. 8 (1976) 389). At the VersaProbe's 45° an s level (β = 2) has 0.75.
- transmission T = PE (a²/(a² + (KE/PE)²))^b of the header's IntensityCalCoeff (as
  ``spectra.Measurement.transmission``), PE in front of it in units of 55 eV: regions of different pass energy compare.
- mean free path λ ∝ KE^m with m = 0.75 unless told otherwise; for one sample only ratios of λ count.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

CONTENTS = ("cross_section", "asymmetry", "transmission", "imfp")
COUNTS = ("total", "major")
IMFP_EXPONENT = 0.75
"""The mean free path's power of the kinetic energy, unless told otherwise."""

# ASSUME the exponent of the mean free path to 0.05: TPP-2M gives 0.75 to 0.80 for these materials.
_EXPONENT_STDERR = 0.05
# A kinetic energy in the middle of the levels, a usual pass energy: their choice moves all factors alike.
_PIVOT_EV, _PIVOT_PASS_EV = 1200.0, 55.0
# ASSUME what a correction is worth that cannot be made: asymmetry 13 % between s and other levels, transmission 4 %.
_UNCORRECTED = {"asymmetry": 0.07, "transmission": 0.04}


class Facts(NamedTuple):
    """What the header says of a region; None where it says nothing."""

    photon_energy_ev: float | None
    pass_energy_ev: float | None
    transmission_a: float | None
    transmission_b: float | None
    emission_angle_deg: float | None
    source_analyser_angle_deg: float | None

    @property
    def missing(self) -> list[str]:
        """Names of the facts without which no depth can be calculated."""
        return [name for name in ("photon_energy_ev", "emission_angle_deg") if getattr(self, name) is None]


class Sensitivity(NamedTuple):
    """Area per share of atoms in arbitrary units, its relative standard error, and what could not be corrected."""

    value: float
    relative_stderr: float
    remarks: tuple[str, ...]


def element(core_level: str) -> str:
    """Return the element of a core level such as ``Ge 3d``."""
    return core_level.split()[0]


def asymmetry(beta: float, angle_deg: float) -> float:
    """Return the intensity at ``angle_deg`` between X-rays and analyser over its mean over all directions."""
    return 1.0 + 0.5 * beta * (1.5 * math.sin(math.radians(angle_deg)) ** 2 - 1.0)


def transmission(kinetic_ev: float, pass_ev: float, a: float, b: float) -> float:
    """Return the transmission PE (a²/(a² + (KE/PE)²))^b, PE as a factor in units of 55 eV."""
    return float(pass_ev / _PIVOT_PASS_EV * (a**2 / (a**2 + (kinetic_ev / pass_ev) ** 2)) ** b)


def sensitivity(row: Mapping[str, Any], facts: Facts, imfp_exponent: float) -> Sensitivity:
    """Return the sensitivity of a core level from its ``row`` of a factor table and the header's ``facts``.

    The area it belongs to is that of both lines of a doublet: a factor of the major line is scaled up to both.
    """
    value, variance, remarks = float(row["factor"]), float(row["relative_stderr"]) ** 2, []
    if row["counts"] == "major":
        value *= 1.0 + float(row["minor_ratio"])
    missing = [name for name in CONTENTS if name not in row["contains"]]
    kinetic = None if facts.photon_energy_ev is None else facts.photon_energy_ev - float(row["binding_energy_ev"])
    for name in missing:
        correction = _correction(name, row, facts, kinetic, imfp_exponent)
        if correction is None:
            remarks.append(f"{name} of {row['core_level']} not corrected: the header does not say enough")
            variance += _UNCORRECTED.get(name, 0.0) ** 2
        else:
            value *= correction
    if "imfp" in missing and kinetic is not None:
        variance += (_EXPONENT_STDERR * math.log(kinetic / _PIVOT_EV)) ** 2
    return Sensitivity(value, math.sqrt(variance), tuple(remarks))


def strength(row: Mapping[str, Any], facts: Facts) -> float:
    """Return cross-section × asymmetry × transmission of a core level, without the mean free path.

    A factor that holds the path is freed of it by the power law; what the header does not say is left uncorrected.
    """
    value = sensitivity({**row, "contains": [*row["contains"], "imfp"]}, facts, IMFP_EXPONENT).value
    if "imfp" in row["contains"] and facts.photon_energy_ev is not None:
        value /= path_factor(facts.photon_energy_ev - float(row["binding_energy_ev"]), IMFP_EXPONENT)
    return value


def path_factor(kinetic_ev: float, exponent: float) -> float:
    """Return the mean free path over that at 1200 eV, by the power law."""
    return float((kinetic_ev / _PIVOT_EV) ** exponent)


def _correction(
    name: str, row: Mapping[str, Any], facts: Facts, kinetic: float | None, imfp_exponent: float
) -> float | None:
    """Return one missing part of a factor, None where the header is silent about what it needs."""
    if name == "asymmetry":
        angle = facts.source_analyser_angle_deg
        return None if angle is None else asymmetry(float(row["asymmetry_beta"]), angle)
    if kinetic is None:
        return None
    if name == "imfp":
        return path_factor(kinetic, imfp_exponent)
    pass_ev, a, b = facts.pass_energy_ev, facts.transmission_a, facts.transmission_b
    # At a constant retard ratio the header's pass energy is 0, and how T goes there is not known.
    return transmission(kinetic, pass_ev, a, b) if pass_ev and a is not None and b is not None else None


def faults(rows: list[dict[str, Any]]) -> list[str]:
    """Return what makes no sense in the rows of a factor table."""
    found = []
    for row in rows:
        place = row["core_level"]
        unknown = [name for name in row["contains"] if name not in CONTENTS]
        found += [f"{place}: contains: {name!r} is unknown; known are {', '.join(CONTENTS)}" for name in unknown]
        if "cross_section" not in row["contains"]:
            found.append(f"{place}: contains: a factor holds at least the cross_section")
        if row["counts"] not in COUNTS:
            found.append(f"{place}: counts: found {row['counts']!r}, expected total or major")
        if row["counts"] == "major" and row["minor_ratio"] is None:
            found.append(f"{place}: counts major needs minor_ratio")
        if "asymmetry" not in row["contains"] and row["asymmetry_beta"] is None:
            found.append(f"{place}: asymmetry is not contained, so asymmetry_beta is needed")
        if row["factor"] <= 0 or row["relative_stderr"] < 0:
            found.append(f"{place}: factor must be above 0, relative_stderr at least 0")
    return found
