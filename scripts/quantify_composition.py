"""Doorway of rule quantify_composition: areas of core levels and surveys to atomic percent."""

from collections.abc import Mapping
from typing import Any

from xps import provenance, quantification, runlog, tables


def main(
    experiment: str,
    settings: Mapping[str, Any],
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    fingerprint: str,
) -> None:
    """Quantify what ``settings`` count in ``experiment`` and hold its surveys against each other; write ``outputs``."""
    series, params = tables.Series(inputs), {"settings": settings}
    record = provenance.record("quantify_composition", series.records(), params, fingerprint, subject=experiment)
    tables.write_together(outputs, quantification.made(series, settings), record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            settings=snakemake.params.settings,
            inputs=dict(snakemake.input.items()),
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
