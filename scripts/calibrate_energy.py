"""Doorway of rule calibrate_energy: spectra to the energy shift of each region."""

from collections.abc import Mapping
from typing import Any

from xps import calibration, models, provenance, runlog, tables


def main(experiment: str, params: Mapping[str, Any], processes: int, inputs: Mapping[str, str], output: str) -> None:
    """Fit the reference line of each acquisition and write the table ``calibration`` to ``output``.

    ``params["model"]``: name and settings of the fit model that holds the reference component; empty where none does.
    """
    series, model = tables.Series(inputs), params["model"]
    leaves = {key: params[key] for key in ("reference", "model", "engine")}
    fit_model = models.from_mapping(model["name"], model["settings"]) if model else None
    record = provenance.record("calibrate_energy", series.records(), leaves, params["fingerprint"], subject=experiment)
    shifts = calibration.calibrate_series(series, params["reference"], fit_model, params["engine"], processes=processes)
    tables.write_parts(output, "calibration", shifts, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            params=dict(snakemake.params.items()),
            processes=snakemake.threads,
            inputs=dict(snakemake.input.items()),
            output=snakemake.output.calibration,
        )
