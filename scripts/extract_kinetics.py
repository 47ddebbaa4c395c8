"""Doorway of rule extract_kinetics: component areas along a series to rate laws."""

from collections.abc import Mapping, Sequence

from xps import kinetics, provenance, runlog, tables


def main(
    experiment: str, axis: str, laws: Sequence[str], inputs: Mapping[str, str], output: str, fingerprint: str
) -> None:
    """Fit each of ``laws`` to each component's area and fraction along ``axis``; write ``kinetics`` to ``output``."""
    acquired, of_acquired = tables.read(inputs["acquisitions"], "acquisitions")
    components, of_components = tables.read(inputs["components"], "components")
    rates = kinetics.extract(acquired, components, axis, laws)
    record = provenance.record(
        "extract_kinetics",
        [of_acquired, of_components],
        {"axis": axis, "laws": laws},
        fingerprint,
        subject=experiment,
    )
    tables.write(output, "kinetics", rates, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            axis=snakemake.params.axis,
            laws=snakemake.params.laws,
            inputs=dict(snakemake.input.items()),
            output=snakemake.output.kinetics,
            fingerprint=snakemake.params.fingerprint,
        )
