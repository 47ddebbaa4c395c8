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
    read = [tables.read(inputs[name], name, columns) for name, columns in kinetics.COLUMNS.items()]
    (acquired, of_acquired), (components, of_components) = read
    films, areas, reference = settings["films"], settings["areas_cm2"], settings["films"]["reference"]
    stacks, factors = films["stacks"], films["factors"]
    known = chemistry.chemistry(reference["phases"], reference["reactions"])
    thick = layers.extract(acquired, components, stacks, known, factors)
    charge = balance.extract(acquired, thick, areas, films["balance"], stacks, known)
    series = kinetics.series_of(acquired, components, thick, stacks, known, factors, areas)
    followed = kinetics.follow(series, settings["axis"], settings["kinetics"])
    ancestors = [of_acquired, of_components]
    record = provenance.record("extract_kinetics", ancestors, settings, fingerprint, subject=experiment)
    for name, table in {"layers": thick, "balance": charge, **followed}.items():
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
