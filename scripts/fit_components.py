"""Doorway of rule fit_components: counts in each model's windows to components, parameters, fits and curves."""

from collections.abc import Mapping, Sequence
from typing import Any

from xps import block_tables, fitting, models, provenance, runlog, tables


def main(
    experiment: str,
    params: Mapping[str, Any],
    processes: int,
    inputs: Mapping[str, str],
    blocks: Sequence[str],
    outputs: Mapping[str, str],
) -> None:
    """Fit every model of ``experiment`` to every acquisition, or gather its ``blocks``; write to ``outputs``."""
    series = tables.Series(inputs)
    wanted = [models.from_mapping(name, settings) for name, settings in params["models"].items()]
    leaves = {name: params[name] for name in ("models", "engine")}
    record = provenance.record("fit_components", series.records(), leaves, params["fingerprint"], subject=experiment)
    found = fitting.fit_or_gather(series, wanted, block_tables.by_block(blocks), params["engine"], processes)
    tables.write_together(outputs, found, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            params=dict(snakemake.params.items()),
            processes=snakemake.threads,
            inputs={name: path for name, path in snakemake.input.items() if name != "blocks"},
            blocks=snakemake.input.blocks,
            outputs=dict(snakemake.output.items()),
        )
