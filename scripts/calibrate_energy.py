"""Doorway of rule calibrate_energy: spectra to the energy shift of each region."""

from collections.abc import Mapping
from typing import Any

from xps import calibration, models, provenance, runlog, tables


def main(
    experiment: str,
    reference: Mapping[str, Any],
    model: Mapping[str, Any],
    engine: str,
    inputs: Mapping[str, str],
    output: str,
    fingerprint: str,
) -> None:
    """Fit the reference line of each acquisition and write the table ``calibration`` to ``output``.

    ``model``: name and settings of the fit model that holds the reference component; empty where none is needed.
    """
    acquired, of_acquired = tables.read(inputs["acquisitions"], "acquisitions")
    spectra, of_spectra = tables.read(inputs["spectra"], "spectra")
    fit_model = models.from_mapping(model["name"], model["settings"]) if model else None
    shifts = calibration.calibrate(acquired, spectra, reference, fit_model, engine)
    params = {"reference": reference, "model": model, "engine": engine}
    record = provenance.record("calibrate_energy", [of_acquired, of_spectra], params, fingerprint, subject=experiment)
    tables.write(output, "calibration", shifts, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            **{key: snakemake.params[key] for key in ("reference", "model", "engine")},
            inputs=dict(snakemake.input.items()),
            output=snakemake.output.calibration,
            fingerprint=snakemake.params.fingerprint,
        )
