"""Doorway of rule fit_components: counts in each model's windows to components, parameters, fits and curves."""

from collections.abc import Mapping
from typing import Any

from xps import fitting, models, provenance, runlog, tables


def main(
    experiment: str,
    model_mappings: Mapping[str, Any],
    engine: str,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    fingerprint: str,
) -> None:
    """Fit every model of ``experiment`` to every acquisition and write the fit tables to ``outputs``."""
    read = {name: tables.read(inputs[name], name) for name in ("background", "acquisitions", "calibration")}
    wanted = [models.from_mapping(name, settings) for name, settings in model_mappings.items()]
    fitted = fitting.fit_models(*(table for table, _ in read.values()), wanted, engine)
    params = {"models": model_mappings, "engine": engine}
    ancestors = [of_table for _, of_table in read.values()]
    record = provenance.record("fit_components", ancestors, params, fingerprint, subject=experiment)
    for name, path in outputs.items():
        tables.write(path, name, getattr(fitted, name), record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            model_mappings=snakemake.params.models,
            engine=snakemake.params.engine,
            inputs=dict(snakemake.input.items()),
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
