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
    found, params = tables.Series(inputs, counted="components"), {"checks": checks, "models": models}
    record = provenance.record("check_energy_scale", found.records(), params, fingerprint, subject=experiment)
    tables.write_parts(output, "energy_checks", energy_scale.check(found, checks, models), record)


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
