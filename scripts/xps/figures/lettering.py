"""How things are written: chemistry in type, time axes with a readable unit, numbers in few letters."""

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_SUPERSCRIPT = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_ELEMENT_CHARGE = re.compile(r"([A-Z][a-z]?)(\d*[+-]|0)(?![\w-])")
# Two elements or more with a number among them (Li2O, PO4, LixP), or one in a named state (Ge0, Ge4+, O2).
_FORMULA_WORD = re.compile(r"\b(?:(?:[A-Z][a-z]?(?:\d+|x)?){2,}|[A-Z][a-z]?(?:\d?[+]|0)|O2)(?![\w/])")
# A number as a program writes it, 5.4e-07; and a percent sign that sticks to its number.
_POWER_OF_TEN = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+−-]?)0*(\d+)\b")
_PERCENT = re.compile(r"(?<=\d)%")
_NEGATIVE = re.compile(r"(?<![\w.)])-(?=\d)")
# Powers of ten of numbers that are written without one.
_PLAIN_POWERS = (-4, 5)
_FORMULA_DIGITS = re.compile(r"(?<=[A-Za-z)])(\d+)(?![\d+/-])")
# The unknown share of an element, in LixP or LixGe.
_FORMULA_X = re.compile(r"(?<=[A-Z][a-z])x(?=[A-Z])")


def chemical_label(name: str) -> str:
    """Return ``name`` typeset as chemistry: Ge4+ as Ge⁴⁺, PO4 as PO₄, LixP as LiₓP; core levels stay as they are."""
    charged = _ELEMENT_CHARGE.sub(lambda match: match[1] + match[2].translate(_SUPERSCRIPT), name)
    return _FORMULA_X.sub("ₓ", _FORMULA_DIGITS.sub(lambda match: match[1].translate(_SUBSCRIPT), charged))


def cps(*intensities_cps: float) -> str:
    """Write one intensity, or a range of them, in cps or kcps."""
    unit, factor = ("kcps", 1e-3) if max(map(abs, intensities_cps)) >= 1000 else ("cps", 1.0)
    return minus(f"{' to '.join(f'{factor * one:.3g}' for one in intensities_cps)} {unit}")


def typeset(text: str) -> str:
    """Return ``text`` as it is printed: formulas, powers of ten, minus and percent signs, arrows; names stay."""
    formulas = _FORMULA_WORD.sub(lambda match: chemical_label(match[0]), text)
    numbers = _NEGATIVE.sub("−", _POWER_OF_TEN.sub(_power_of_ten, formulas))
    return _PERCENT.sub(" %", numbers).replace("->", "→")


def _power_of_ten(match: re.Match[str]) -> str:
    sign = "⁻" if match[2] in ("-", "−") else ""
    factor = "" if match[1] == "1" else f"{match[1]}·"
    return f"{factor}10{sign}{match[3].translate(_SUPERSCRIPT)}"


def with_error(value: float, stderr: float | None) -> str:
    """Return ``value ± stderr``, the error with two digits and the value with as many decimals; four digits without."""
    if stderr is None or not math.isfinite(stderr) or stderr <= 0.0:
        return minus(f"{value:.4g}")
    decimals = 1 - math.floor(math.log10(float(f"{stderr:.1e}")))
    power = math.floor(math.log10(max(abs(value), stderr)))
    if _PLAIN_POWERS[0] <= power <= _PLAIN_POWERS[1]:
        return f"{_rounded(value, decimals)} ± {_rounded(stderr, decimals)}"
    mantissas = (_rounded(number / 10.0**power, decimals + power) for number in (value, stderr))
    return f"({' ± '.join(mantissas)})·10{str(power).translate(_SUPERSCRIPT)}"


def _rounded(number: float, decimals: int) -> str:
    return minus(f"{round(number, decimals):.{max(decimals, 0)}f}")


def sample_names(text: str, settings: Mapping[str, Any]) -> str:
    """Return ``text`` with each experiment's name replaced by its label, where the figure's ``settings`` know one."""
    names: Mapping[str, str] = settings.get("names", {})
    return re.sub(r"\w+", lambda match: names.get(match[0], match[0]), text)


_LAWS: Mapping[str, str] = {
    "deal_grove": "Deal-Grove", "direct_log": "direct-log", "first_order": "first-order",
    "flux_limited": "flux-limited",
}  # fmt: skip
_PARAMETERS: Mapping[str, str] = {
    "k_rxn": "k (reaction)", "r_ox": "r (oxidation)", "ks": "kₛ", "k0": "k₀", "xi": "ξ", "x0": "x₀", "f0": "f₀",
    "K_lower_flux": "K, lower bound by flux", "K_lower_detection": "K, lower bound by detection",
}  # fmt: skip


def law_name(law: str) -> str:
    """Return a rate law's name as it is written."""
    return _LAWS.get(law, law.replace("_", " "))


def laws_named(text: str) -> str:
    """Return ``text`` with the rate laws in it as they are written."""
    return re.sub(rf"\b({'|'.join(_LAWS)})\b", lambda match: _LAWS[match[0]], text)


def parameter_name(parameter: str) -> str:
    """Return the symbol of a rate law's parameter as it is written."""
    return _PARAMETERS.get(parameter, typeset(parameter))


def interval(value: float, low: float | None, high: float | None, unit: str) -> str:
    """Return ``value (low to high) unit`` in few digits, an end that is open as three dots."""
    ends = ("…" if end is None or math.isnan(end) else f"{end:.2g}" for end in (low, high))
    return quantity(f"{value:.3g} ({' to '.join(ends)})", unit)


def quantity(number: str, unit: str) -> str:
    """Return a number as a program writes it with its unit, typeset."""
    return minus(typeset(number if unit == "1" else f"{number} {unit}"))


class AxisText(NamedTuple):
    """How a time axis is written: heading, unit and the factor from seconds to it."""

    heading: str
    unit: str
    per_second: float


_HEADINGS: Mapping[str, str] = {
    "plating_time_s": "Plating time",
    "rest_time_s": "Rest time",
    "sputter_time_s": "Sputter time",
    "start_time_s": "Elapsed time",
}


def axis_text(axis: str, longest_s: float, *, lower_bound: bool = False) -> AxisText:
    """Return heading and unit for an ``axis`` whose largest value is ``longest_s`` seconds.

    A ``lower_bound`` is no measured time, and the heading says so.
    """
    heading = f"{_HEADINGS[axis]}, at least" if lower_bound else _HEADINGS[axis]
    if longest_s < 180:
        return AxisText(heading, "s", 1.0)
    if longest_s < 36000:
        return AxisText(heading, "min", 1 / 60)
    return AxisText(heading, "h", 1 / 3600)


def heading(axis: str) -> str:
    """Return the heading of a time axis in lower case, for sentences."""
    return _HEADINGS[axis].lower()


def minus(text: str) -> str:
    """Return ``text`` with typographic minus signs."""
    return text.replace("-", "−")
