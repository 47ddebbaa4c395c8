"""Doorway of rule quantify_composition: areas of core levels and surveys to atomic percent."""

from collections.abc import Mapping
from typing import Any

from xps import provenance, quantification, runlog, tables

INPUTS = ("acquisitions", "spectra", "calibration", "components", "alternatives")


def main(
    experiment: str, settings: Mapping[str, Any], inputs: Mapping[str, str], output: str, fingerprint: str
) -> None:
    """Quantify what ``settings`` count in each acquisition of ``experiment``; write ``composition``."""
    read = {name: tables.read(inputs[name], name) for name in INPUTS}
    found = quantification.quantify(*(table for table, _ in read.values()), settings)
    ancestors = [of_table for _, of_table in read.values()]
    params = {"settings": settings}
    record = provenance.record("quantify_composition", ancestors, params, fingerprint, subject=experiment)
    tables.write(output, "composition", found, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            settings=snakemake.params.settings,
            inputs=dict(snakemake.input.items()),
            output=snakemake.output.composition,
            fingerprint=snakemake.params.fingerprint,
        )
