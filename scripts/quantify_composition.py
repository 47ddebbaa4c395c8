"""Doorway of rule quantify_composition: areas of core levels and surveys to atomic percent."""

from collections.abc import Mapping
from typing import Any

from xps import provenance, quantification, runlog, tables

READ_WHOLE = ("acquisitions", "calibration", "components", "alternatives")


def main(
    experiment: str,
    settings: Mapping[str, Any],
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    fingerprint: str,
) -> None:
    """Quantify what ``settings`` count in ``experiment`` and hold its surveys against each other; write ``outputs``."""
    series, survey = tables.Series(inputs), (settings or {}).get("survey") or {"region": ""}
    every = range(series.count)
    # Of the spectra only the surveys are looked at: those of a long series do not fit into memory.
    spectra = series.part("spectra", every, region=survey["region"])
    acquired, shifts, *fitted = (series.part(name, every) for name in READ_WHOLE)
    ancestors, params = series.records(), {"settings": settings}
    record = provenance.record("quantify_composition", ancestors, params, fingerprint, subject=experiment)
    composition = quantification.quantify(acquired, spectra, shifts, *fitted, settings)
    degradation = quantification.compare_surveys(acquired, spectra, shifts, settings)
    tables.write_together(outputs, [{"composition": composition, "degradation": degradation}], record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            settings=snakemake.params.settings,
            inputs=dict(snakemake.input.items()),
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
