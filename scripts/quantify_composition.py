"""Doorway of rule quantify_composition: areas of core levels and surveys to atomic percent."""

from collections.abc import Mapping
from typing import Any

from xps import provenance, quantification, runlog, tables

INPUTS = ("acquisitions", "spectra", "calibration", "components", "alternatives")


def main(
    experiment: str,
    settings: Mapping[str, Any],
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    fingerprint: str,
) -> None:
    """Quantify what ``settings`` count in ``experiment`` and hold its surveys against each other; write ``outputs``."""
    read = {name: tables.read(inputs[name], name) for name in INPUTS}
    known = [table for table, _ in read.values()]
    made = {
        "composition": quantification.quantify(*known, settings),
        "degradation": quantification.compare_surveys(*known[:3], settings),
    }
    ancestors = [of_table for _, of_table in read.values()]
    params = {"settings": settings}
    record = provenance.record("quantify_composition", ancestors, params, fingerprint, subject=experiment)
    for name, table in made.items():
        tables.write(outputs[name], name, table, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            settings=snakemake.params.settings,
            inputs=dict(snakemake.input.items()),
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
