"""Doorway of rule subtract_background: calibrated spectra to each fit model's windows with a static background."""

from collections.abc import Mapping
from typing import Any

from xps import models, provenance, runlog, tables, windows


def main(
    experiment: str,
    model_windows: Mapping[str, Any],
    processes: int,
    inputs: Mapping[str, str],
    output: str,
    fingerprint: str,
) -> None:
    """Cut the windows of every fit model of ``experiment`` and write the table ``background`` to ``output``."""
    series, leaves = tables.Series(inputs), {"windows": model_windows}
    wanted = {name: models.windows_from(name, settings) for name, settings in model_windows.items()}
    record = provenance.record("subtract_background", series.records(), leaves, fingerprint, subject=experiment)
    tables.write_parts(output, "background", windows.cut_series(series, wanted, processes), record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            model_windows=snakemake.params.windows,
            processes=snakemake.threads,
            inputs=dict(snakemake.input.items()),
            output=snakemake.output.background,
            fingerprint=snakemake.params.fingerprint,
        )
