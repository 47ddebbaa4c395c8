"""Tables of the blocks of a long series, before they are put together: are they the whole series, and made alike?"""

import json
from collections.abc import Iterable, Mapping

from xps import block_names
from xps.errors import TableError
from xps.tables import Series


def by_block(paths: Iterable[str]) -> dict[str, Series]:
    """Return the tables of each block from files called ``<table>.<block>.parquet``, in the order of the series."""
    return {name: Series(places) for name, places in block_names.by_block(paths).items()}


def check(series: Series, blocks: Mapping[str, Series]) -> None:
    """Refuse blocks, in the order of the series, that leave a gap or were not all made alike from its tables.

    Raises TableError.
    """
    spans = [block_names.span(name) for name in blocks]
    edges = [0, *(span.stop for span in spans)]
    if [span.start for span in spans] != edges[:-1] or edges[-1] != series.count:
        raise TableError(f"blocks {', '.join(blocks)} are not the {series.count} acquisitions; make them again")
    wanted = {(record.artefact, record.content_sha256) for record in series.records(hashed=False)}
    made = set()
    for name, block in blocks.items():
        for record in block.records(hashed=False):
            made.add((record.fingerprint, json.dumps(record.parameters, sort_keys=True)))
            if {(item["path"], item["content_sha256"]) for item in record.inputs} != wanted or len(made) > 1:
                raise TableError(f"block {name} was made from other tables or otherwise than the first; make it again")
