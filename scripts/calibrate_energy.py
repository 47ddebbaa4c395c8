"""Doorway of rule calibrate_energy: spectra to the energy shift of each region."""

from collections.abc import Mapping, Sequence
from typing import Any

from xps import block_tables, calibration, models, provenance, runlog, tables


def main(
    experiment: str,
    params: Mapping[str, Any],
    processes: int,
    inputs: Mapping[str, str],
    blocks: Sequence[str],
    output: str,
) -> None:
    """Find the reference line of each acquisition, or gather ``blocks``; write the table ``calibration`` to ``output``.

    ``params["model"]``: name and settings of the fit model that holds the reference component; empty where none does.
    """
    series, model, reference = tables.Series(inputs), params["model"], params["reference"]
    leaves = {key: params[key] for key in ("reference", "model", "engine")}
    line = models.from_mapping(model["name"], model["settings"]) if model else None
    record = provenance.record("calibrate_energy", series.records(), leaves, params["fingerprint"], subject=experiment)
    run = {"engine": params["engine"], "processes": processes, "blocks": block_tables.by_block(blocks)}
    tables.write_parts(output, "calibration", calibration.calibrate_series(series, reference, line, **run), record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            params=dict(snakemake.params.items()),
            processes=snakemake.threads,
            inputs={name: path for name, path in snakemake.input.items() if name != "blocks"},
            blocks=snakemake.input.blocks,
            output=snakemake.output.calibration,
        )
