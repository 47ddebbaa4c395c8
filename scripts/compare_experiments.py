"""Doorway of rule compare_experiments: what no single experiment can say, from all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from xps import chemistry, provenance, runlog, tables


def main(reference: Mapping[str, Sequence[Mapping[str, Any]]], outputs: Mapping[str, str], fingerprint: str) -> None:
    """Write ``phases`` from the ``reference`` rows of phases and reactions."""
    known = chemistry.chemistry(reference["phases"], reference["reactions"])
    record = provenance.record(
        "compare_experiments", [], {"reference": reference}, fingerprint, data_origin="literature"
    )
    tables.write(outputs["phases"], "phases", tables.from_rows("phases", chemistry.phase_rows(known)), record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, "all", snakemake.output):
        main(
            reference=snakemake.params.reference,
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
