"""Doorway of rule render_figure: tables to one figure with its plotted numbers and caption."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xps import figures, provenance, runlog, tables


def main(
    figure: str, settings: Mapping[str, Any], inputs: Sequence[str], outputs: Mapping[str, str], fingerprint: str
) -> None:
    """Draw ``figure`` from the tables ``inputs`` and write its pdf, csv and caption to ``outputs``."""
    given, ancestors = tables.by_name(inputs)
    params = {"settings": settings}
    record = provenance.record("render_figure", ancestors, params, fingerprint, subject="figures")
    drawn = figures.render(figure, settings, given, record)
    provenance.write_atomically(Path(outputs["pdf"]), drawn.pdf)
    provenance.write_with_record(Path(outputs["csv"]), drawn.csv, record)
    provenance.write_with_record(Path(outputs["caption"]), drawn.caption, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.figure, snakemake.output):
        main(
            figure=snakemake.wildcards.figure,
            settings=snakemake.params.settings,
            inputs=snakemake.input.tables,
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
