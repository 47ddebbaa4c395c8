"""The numbers behind "95 %", against a library that knows distributions; and that they stand in one place."""

import re
from pathlib import Path

import pytest
from scipy import stats

from xps import quantiles

SOURCES = Path(__file__).parents[1] / "scripts"
# As numbers of code, not in words and comments: 1.96, 1.645, 3.84, 2.71 with any digits that follow.
LITERAL = re.compile(r"(?<![\d.])(1\.96|1\.95996\d*|1\.64[45]\d*|3\.841?\d*|2\.7055\d*|2\.71)(?![\d])")


def test_quantiles_are_those_of_the_distributions() -> None:
    assert pytest.approx(stats.norm.ppf(0.975), rel=1e-15) == quantiles.TWO_SIDED_95
    assert pytest.approx(stats.norm.ppf(0.95), rel=1e-15) == quantiles.ONE_SIDED_95
    assert pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-14) == quantiles.RISE_TWO_SIDED_95
    assert pytest.approx(stats.chi2.ppf(0.90, 1), rel=1e-14) == quantiles.RISE_ONE_SIDED_95


def numbers(source: str) -> list[str]:
    """The quantiles that stand in a source as numbers; texts, docstrings and comments may name them."""
    import io
    import tokenize

    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string for token in tokens if token.type == tokenize.NUMBER and LITERAL.fullmatch(token.string)]


def test_no_other_module_holds_such_a_number() -> None:
    found = {
        str(path.relative_to(SOURCES)): held
        for path in sorted(SOURCES.rglob("*.py"))
        if (held := numbers(path.read_text(encoding="utf-8")))
    }
    assert list(found) == ["xps/quantiles.py"], found


def test_a_number_is_seen_and_words_are_not() -> None:
    assert numbers('"""1.96"""\nhalf = 1.96 * x  # 3.84\nlimit = 1.645 + 2.705543\n') == ["1.96", "1.645", "2.705543"]
