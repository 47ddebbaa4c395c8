"""Series with a trap in them, or made by a nature that the fit models do not know: for tests, never shipped.

``variant(setup, name)`` changes what a series is made of, its lines or its files; ``VARIANTS`` says what each does.
Traps ask whether an analysis notices; mismatches ask whether its errors still hold when its assumptions do not, so
that nothing is judged only by what it shares with its own simulator. Seeds stay, so that a variant's noise is that of
the series wherever its expected counts are.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from xps import lineshapes
from xps.errors import ConfigError, near
from xps.simulation.emission import Setup, truth_of
from xps.simulation.files import LOG_NAME, Series, simulate
from xps.simulation.matter import CARBON
from xps.simulation.truth import TrueLine

Lines = tuple[TrueLine, ...]

_HIDDEN_SHARE = 0.02
_POTENTIAL_STEP_EV, _POTENTIAL_FROM_MIN = 0.3, 30.0


@dataclass(frozen=True, slots=True)
class Variant:
    """A changed series: what it is made of, and what happens to its lines and files afterwards."""

    setup: Setup
    to_lines: Callable[[Setup, Lines], Lines] = lambda _, lines: lines
    to_files: Callable[[Series], Series] = lambda series: series

    def truth(self) -> Lines:
        """Return the true lines of the acquisitions that are written."""
        rows = set(self.setup.plan.rows)
        lines = tuple(line for found in truth_of(self.setup) for line in found if line.row in rows)
        return self.to_lines(self.setup, lines)

    def series(self) -> Series:
        """Return the series in memory; hand it to ``write_series``."""
        return self.to_files(simulate(self.setup.plan, self.truth()))


class _Kind(NamedTuple):
    """What a variant does, in a sentence, and the function that does it."""

    meaning: str
    change: Callable[[Setup], Variant]


def variant(setup: Setup, name: str) -> Variant:
    """Return the series of ``setup`` changed as ``VARIANTS`` says for ``name``; ConfigError for an unknown name."""
    if name not in _KINDS:
        raise ConfigError(f"no variant is called {name!r}{near(name, _KINDS)}; variants are {', '.join(_KINDS)}")
    return _KINDS[name].change(setup)


def _sample(**changes: float) -> Callable[[Setup], Variant]:
    return lambda setup: Variant(replace(setup, sample=replace(setup.sample, **changes)))  # type: ignore[arg-type]


def _each_line(change: Callable[[TrueLine], TrueLine]) -> Callable[[Setup], Variant]:
    return lambda setup: Variant(setup, lambda _, lines: tuple(change(line) for line in lines))


def _hidden_phosphide(setup: Setup) -> Variant:
    """Add Li3P to every acquisition after the first dose: a share of all P 2p, beside the phosphate that stays.

    Its FWHM is 1.3 eV where that of phosphate is 1.45 eV, and in a survey as much more as there.
    """

    def add(_: Setup, lines: Lines) -> Lines:
        phosphate = [line for line in lines if line.line == "P2p" and line.time_min > 0.0]
        total = {(line.row, line.region): 0.0 for line in phosphate}
        for line in phosphate:
            total[line.row, line.region] += line.area_cps_ev
        model = {(line.row, line.region): line for line in phosphate}
        odds = _HIDDEN_SHARE / (1.0 - _HIDDEN_SHARE)
        hidden = [
            replace(
                line,
                species="Li3P",
                position_ev=126.3,
                fwhm_ev=math.sqrt(line.fwhm_ev**2 - 1.45**2 + 1.3**2),
                area_cps_ev=odds * total[place],
            )
            for place, line in model.items()
        ]
        return (*lines, *hidden)

    return Variant(setup, add)


def _carbon_apart(setup: Setup) -> Variant:
    """Shift all lines of the carbon on the islands: C 1s then refers the axis of everything else wrongly."""
    names = {(emitter.line, emitter.species) for emitter in setup.matter.emitters if emitter.phases == (CARBON,)}

    def shift(line: TrueLine) -> TrueLine:
        apart = (line.line, line.species) in names and line.time_min >= _POTENTIAL_FROM_MIN
        return replace(line, position_ev=line.position_ev + _POTENTIAL_STEP_EV) if apart else line

    return _each_line(shift)(setup)


def _no_carbon(setup: Setup) -> Variant:
    """Take the carbon away wherever metallic lithium shows."""
    names = {(emitter.line, emitter.species) for emitter in setup.matter.emitters if emitter.phases == (CARBON,)}

    def clean(_: Setup, lines: Lines) -> Lines:
        fresh = {line.row for line in lines if line.species == "Li0"}
        return tuple(
            replace(line, area_cps_ev=0.0) if line.row in fresh and (line.line, line.species) in names else line
            for line in lines
        )

    return Variant(setup, clean)


def _short_counting(setup: Setup) -> Variant:
    return _instrument(setup, counting_share=0.1)


def _missing_cycle(setup: Setup) -> Variant:
    middle = len(setup.plan.rows) // 2
    rows = setup.plan.rows[:middle] + setup.plan.rows[middle + 1 :]
    if not rows:
        raise ConfigError(f"simulation of {setup.plan.experiment}: its only acquisition cannot be missing")
    regions = tuple(
        region if region.rows is None else replace(region, rows=tuple(row for row in region.rows if row in rows))
        for region in setup.plan.regions
    )
    return Variant(replace(setup, plan=replace(setup.plan, rows=rows, regions=regions)))


def _swapped_order(setup: Setup) -> Variant:
    row = setup.plan.rows[len(setup.plan.rows) // 2]
    return Variant(replace(setup, plan=replace(setup.plan, reversed_rows=(row,))))


def _truncated(setup: Setup) -> Variant:
    def cut(series: Series) -> Series:
        last = [name for name in series.files if name != LOG_NAME][-1]
        data = series.files[last]
        return replace(series, files={**series.files, last: data[: len(data) * 3 // 5]})

    return Variant(setup, to_files=cut)


def _plan(**changes: str) -> Callable[[Setup], Variant]:
    return lambda setup: Variant(replace(setup, plan=replace(setup.plan, **changes)))  # type: ignore[arg-type]


def _instrument(setup: Setup, **changes: float) -> Variant:
    instrument = replace(setup.plan.instrument, **changes)  # type: ignore[arg-type]
    return Variant(replace(setup, plan=replace(setup.plan, instrument=instrument)))


def _ratios(factor: float) -> Callable[[Setup], Variant]:
    return _each_line(lambda line: replace(line, area_ratio=factor * line.area_ratio))


def _ge3p_natural_width(natural_ev: float) -> Callable[[Setup], Variant]:
    """Change the lifetime of the hole; what instrument and disorder add stays."""

    def change(line: TrueLine) -> TrueLine:
        if line.line != "Ge3p":
            return line
        gaussian = float(lineshapes.gaussian_fwhm_ev(line.fwhm_ev, line.lorentzian_fwhm_ev))
        return replace(line, fwhm_ev=_total_fwhm_ev(gaussian, natural_ev), lorentzian_fwhm_ev=natural_ev)

    return _each_line(change)


def _total_fwhm_ev(gaussian_ev: float, lorentzian_ev: float) -> float:
    """Return the FWHM of a Voigt line: that total whose Gaussian part is ``gaussian_ev``, by bisection."""
    low, high = max(gaussian_ev, lorentzian_ev), gaussian_ev + lorentzian_ev
    for _ in range(60):
        middle = 0.5 * (low + high)
        part = float(lineshapes.gaussian_fwhm_ev(middle, lorentzian_ev))
        low, high = (middle, high) if part < gaussian_ev else (low, middle)
    return 0.5 * (low + high)


def _asymmetric_germanium(line: TrueLine) -> TrueLine:
    return replace(line, asymmetry=0.08) if line.species == "Ge0" else line


def _drift(setup: Setup) -> Variant:
    return Variant(replace(setup, charging=replace(setup.charging, drift_ev_per_h=0.3)))


def _instrument_response(setup: Setup) -> Variant:
    return _instrument(setup, transmission_b=0.2)


_KINDS: Mapping[str, _Kind] = {
    # traps
    "planar": _Kind("lithium is a closed film", _sample(island_coverage=1.0)),
    "islands": _Kind("lithium covers 0.3 of the area", _sample(island_coverage=0.3)),
    "hidden_phosphide": _Kind("2 % of P 2p is Li3P after the first dose", _hidden_phosphide),
    "carbon_apart": _Kind("from 30 min on, carbon lies 0.3 eV off in potential", _carbon_apart),
    "short_counting": _Kind("a tenth of the counting time", _short_counting),
    "missing_cycle": _Kind("the middle acquisition was not written", _missing_cycle),
    "swapped_order": _Kind("the middle acquisition took its regions in reverse order", _swapped_order),
    "truncated_file": _Kind("the last file lacks two fifths of its bytes", _truncated),
    "no_carbon": _Kind("no carbon where metallic lithium shows", _no_carbon),
    "damage": _Kind("X-rays destroy 2 % of the substrate's signal per hour", _sample(damage_per_h=0.02)),
    # mismatches
    "tougaard": _Kind("the background is the universal Tougaard one", _plan(background="tougaard")),
    "ratios_high": _Kind("doublet ratios are 10 % higher", _ratios(1.1)),
    "ratios_low": _Kind("doublet ratios are 10 % lower", _ratios(0.9)),
    "ge3p_narrow": _Kind("Ge 3p has a natural width of 1.6 eV", _ge3p_natural_width(1.6)),
    "ge3p_wide": _Kind("Ge 3p has a natural width of 2.6 eV", _ge3p_natural_width(2.6)),
    "asymmetric_germanium": _Kind("lines of Ge0 are Doniach-Sunjic, α = 0.08", _each_line(_asymmetric_germanium)),
    "region_drift": _Kind("charging drifts by 0.3 eV per hour within each acquisition", _drift),
    "transmission": _Kind("the spectrometer has a slope, as its header then says", _instrument_response),
}
VARIANTS: Mapping[str, str] = {name: kind.meaning for name, kind in _KINDS.items()}
"""What each variant does."""
