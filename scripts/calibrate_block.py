"""Doorway of rule calibrate_block: where the reference line lies in the acquisitions of one block of a long series."""

from collections.abc import Mapping
from typing import Any

from xps import block_names, calibration, models, provenance, runlog, tables


def main(
    place: Mapping[str, str], params: Mapping[str, Any], processes: int, inputs: Mapping[str, str], output: str
) -> None:
    """Fit the reference line in ``place``'s block and write the rows of ``calibration`` that this settles."""
    series, span = tables.Series(inputs), block_names.span(place["block"])
    leaves = {key: params[key] for key in ("reference", "model", "engine")}
    model = models.from_mapping(params["model"]["name"], params["model"]["settings"])
    ancestors = series.records(hashed=False)
    record = provenance.record("calibrate_block", ancestors, leaves, params["fingerprint"], subject=place["experiment"])
    found = calibration.calibrate_block(series, params["reference"], model, span, params["engine"], processes=processes)
    tables.write_parts(output, "calibration", found, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, ".".join(snakemake.wildcards), snakemake.output):
        main(
            place=dict(snakemake.wildcards.items()),
            params=dict(snakemake.params.items()),
            processes=snakemake.threads,
            inputs=dict(snakemake.input.items()),
            output=snakemake.output.calibration,
        )
