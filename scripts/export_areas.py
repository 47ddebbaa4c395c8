"""Doorway of rule export_areas: one experiment's areas and atomic percent as a CSV."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from xps import provenance, runlog, tables
from xps.figures import spreadsheet


def main(experiment: str, inputs: Sequence[str], outputs: Mapping[str, str], fingerprint: str) -> None:
    """Write the CSV of ``experiment`` from the tables ``inputs``."""
    read = {Path(path).stem: tables.read(path, Path(path).stem) for path in inputs}
    records = [of_table for _, of_table in read.values()]
    record = provenance.record("export_areas", records, {}, fingerprint, subject=experiment)
    csv = spreadsheet.csv({name: table for name, (table, _) in read.items()})
    provenance.write_with_record(Path(outputs["csv"]), csv, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            inputs=snakemake.input.tables,
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
