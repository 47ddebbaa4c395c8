"""Doorway of rule extract_kinetics: component areas along a series to thicknesses, charge balance and rate laws."""

from collections.abc import Mapping
from typing import Any

from xps import balance, chemistry, kinetics, layers, provenance, runlog, tables


def main(
    experiment: str,
    settings: Mapping[str, Any],
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    fingerprint: str,
) -> None:
    """Solve the declared films, balance the charge, fit the laws; write all that follows."""
    films, areas, reference = settings["films"], settings["areas_cm2"], settings["films"]["reference"]
    stacks, factors = films["stacks"], films["factors"]
    known = chemistry.chemistry(reference["phases"], reference["reactions"])
    measured, found = tables.Series(inputs), tables.Series({**inputs, "layers": outputs["layers"]})
    record = provenance.record("extract_kinetics", measured.records(), settings, fingerprint, subject=experiment)
    tables.write_parts(outputs["layers"], "layers", layers.extract(measured, stacks, known, factors), record)
    charges = balance.extract(found, areas, films["balance"], stacks, known)
    tables.write_parts(outputs["balance"], "balance", charges, record)
    series = kinetics.series_of(found, stacks, known, factors, areas)
    for name, table in kinetics.follow(series, settings["axis"], settings["kinetics"]).items():
        tables.write(outputs[name], name, table, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            settings={name: value for name, value in snakemake.params.items() if name != "fingerprint"},
            inputs=dict(snakemake.input.items()),
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
