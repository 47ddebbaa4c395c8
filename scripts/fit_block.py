"""Doorway of rule fit_block: the fits of one block of a long series, from where the whole series starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xps import block_names, fitting, models, provenance, runlog, tables


def main(
    place: Mapping[str, str],
    params: Mapping[str, Any],
    processes: int,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
) -> None:
    """Fit every model to the acquisitions of ``place``'s block and write its part of the fit tables to ``outputs``."""
    series = tables.Series({name: path for name, path in inputs.items() if name != "starts"})
    starts = Path(inputs["starts"]).read_bytes()
    wanted = [models.from_mapping(name, settings) for name, settings in params["models"].items()]
    span, engine = block_names.span(place["block"]), params["engine"]
    found = fitting.fit_span(series, wanted, fitting.read_starts(starts), span, engine, processes=processes)
    leaves = {"models": params["models"], "engine": engine, "starts": provenance.bytes_sha256(starts)}
    ancestors = series.records(hashed=False)
    record = provenance.record("fit_block", ancestors, leaves, params["fingerprint"], subject=place["experiment"])
    tables.write_together(outputs, (part._asdict() for part in found), record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, ".".join(snakemake.wildcards), snakemake.output):
        main(
            place=dict(snakemake.wildcards.items()),
            params=dict(snakemake.params.items()),
            processes=snakemake.threads,
            inputs=dict(snakemake.input.items()),
            outputs=dict(snakemake.output.items()),
        )
