"""What a column is, and the key columns that tables share."""

from typing import NamedTuple, TypeAlias


class Column(NamedTuple):
    """One column of a table; ``unit`` is ``1`` for pure numbers and empty for texts and flags."""

    name: str
    kind: str
    unit: str
    meaning: str
    nullable: bool = False


Schemas: TypeAlias = dict[str, tuple[Column, ...]]


def optional(name: str, kind: str, unit: str, meaning: str) -> Column:
    """Return a column that may be empty."""
    return Column(name, kind, unit, meaning, nullable=True)


EXPERIMENT = Column("experiment", "text", "", "name of the experiment file")
MODEL = Column("model", "text", "", "name of the fit model")
ACQUISITION = Column("acquisition", "integer", "1", "cycle of the series, chronological, from 0")
REGION = Column("region", "text", "", "measured window, named as in the raw file; a second one of that name ends in #2")
CHANNEL = Column("channel", "integer", "1", "index of the point in its region, from 0, in the order of the file")
BINDING_ENERGY = Column("binding_energy_ev", "number", "eV", "calibrated binding energy = recorded + shift")
RECORDED = (EXPERIMENT, ACQUISITION, REGION)
FITTED = (EXPERIMENT, MODEL, ACQUISITION, REGION)
