"""Doorway of rule check_energy_scale: fitted positions to checks of the calibrated energy scale."""

from collections.abc import Mapping, Sequence
from typing import Any

from xps import energy_scale, provenance, runlog, tables


def main(
    experiment: str,
    checks: Sequence[Mapping[str, Any]],
    models: Sequence[str],
    inputs: Mapping[str, str],
    output: str,
    fingerprint: str,
) -> None:
    """Hold the positions of ``experiment`` against declared ``checks``; write ``energy_checks`` to ``output``."""
    read = {name: tables.read(inputs[name], name, columns) for name, columns in energy_scale.COLUMNS.items()}
    found = energy_scale.check(*(table for table, _ in read.values()), checks, models)
    params = {"checks": checks, "models": models}
    ancestors = [of_table for _, of_table in read.values()]
    record = provenance.record("check_energy_scale", ancestors, params, fingerprint, subject=experiment)
    tables.write(output, "energy_checks", found, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            checks=snakemake.params.checks,
            models=snakemake.params.models,
            inputs=dict(snakemake.input.items()),
            output=snakemake.output.energy_checks,
            fingerprint=snakemake.params.fingerprint,
        )
