"""Doorway of rule fit_series: what the fits of a long series share, before it is fitted in blocks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xps import fitting, models, provenance, runlog, tables


def main(model_mappings: Mapping[str, Any], engine: str, inputs: Mapping[str, str], output: str) -> None:
    """Fit each model jointly over the whole series and write to ``output`` where the fits of its blocks start."""
    wanted = [models.from_mapping(name, settings) for name, settings in model_mappings.items()]
    starts = fitting.series_starts(tables.Series(inputs), wanted, engine)
    provenance.write_atomically(Path(output), fitting.starts_text(starts).encode())


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            model_mappings=snakemake.params.models,
            engine=snakemake.params.engine,
            inputs=dict(snakemake.input.items()),
            output=snakemake.output.starts,
        )
