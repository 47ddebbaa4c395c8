"""Areas as shares of their core level."""

from collections.abc import Sequence

import pandas as pd

_OF_ONE_FIT = ["experiment", "model", "core_level", "acquisition"]


def limits_as_shares(rows: pd.DataFrame, counted: pd.Series, also: Sequence[str] = ()) -> pd.Series:
    """Return the 95 % limit of each area as a share: limit / (limit + areas of the other species of the core level).

    ``rows`` are components; those ``counted`` have a share (losses have none). Rows that differ in a column of ``also``
    belong to different fits.
    """
    area = rows["area_cps_ev"].where(counted)
    others = area.groupby([rows[name] for name in (*_OF_ONE_FIT, *also)]).transform("sum") - area
    limit = rows["upper_limit_95_cps_ev"]
    shares: pd.Series = limit / (limit + others)
    return shares
