"""Verdicts are seven words, those that the table declares, and reasons beside them."""

import re

from xps import table_schemas
from xps.kinetics import verdicts
from xps.kinetics.verdicts import LOWER_BOUND, TESTED

WITH_REASON = [
    verdicts.rejected,
    verdicts.conditional,
    verdicts.not_identified,
    verdicts.not_detected,
    verdicts.not_testable,
]


def test_the_table_declares_every_word_and_no_other() -> None:
    (column,) = [column for column in table_schemas.SCHEMAS["kinetics"] if column.name == "verdict"]
    words = {TESTED.word, LOWER_BOUND.word, *(made("x").word for made in WITH_REASON)}
    assert set(re.split(", | or ", column.meaning)) == words


def test_a_reason_is_a_column_of_its_own_and_empty_where_there_is_none() -> None:
    for made in WITH_REASON:
        assert made("one cycle").columns == {"verdict": made.__name__, "reason": "one cycle"}
    assert TESTED.columns == {"verdict": "tested", "reason": None}
