"""Doorway of rule export_areas: one experiment's areas and atomic percent as a CSV."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from xps import provenance, runlog, tables
from xps.figures import spreadsheet


def main(experiment: str, inputs: Sequence[str], outputs: Mapping[str, str], fingerprint: str) -> None:
    """Write the CSV of ``experiment`` from the tables ``inputs``."""
    given, ancestors = tables.by_name(inputs)
    record = provenance.record("export_areas", ancestors, {}, fingerprint, subject=experiment)
    provenance.write_with_record(Path(outputs["csv"]), spreadsheet.csv(given), record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            inputs=snakemake.input.tables,
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
