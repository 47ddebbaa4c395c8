"""Doorway of rule compare_experiments: what no single experiment can say, from all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from xps import chemistry, claims, kinetics, provenance, runlog, tables


def main(params: Mapping[str, Any], inputs: Sequence[str], outputs: Mapping[str, str]) -> None:
    """Write ``phases``, the ``kinetics`` and ``profiles`` that need two experiments, and ``claims``."""
    settings, reference = params["settings"], params["reference"]
    known = chemistry.chemistry(reference["phases"], reference["reactions"])
    found, ancestors = tables.by_experiment(inputs)
    series = {name: kinetics.series_of_tables(found[name], own, known) for name, own in settings["series"].items()}
    rates = {name: found[name]["kinetics"] for name in series}
    made = {
        "phases": tables.from_rows("phases", chemistry.phase_rows(known)),
        **kinetics.compare(series, settings["decays"], rates),
    }
    made["claims"] = claims.evaluate(settings["claims"], {**found, "": made})
    # Phases follow from the reference rows alone, whatever series there are.
    of_phases, of_series = {"reference": reference}, {"reference": reference, "settings": settings}
    for name, table in made.items():
        read, leaves = ([], of_phases) if name == "phases" else (ancestors, of_series)
        origin = None if read else "literature"
        record = provenance.record("compare_experiments", read, leaves, params["fingerprint"], data_origin=origin)
        tables.write(outputs[name], name, table, record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, "all", snakemake.output):
        main(
            params=dict(snakemake.params.items()),
            inputs=list(snakemake.input),
            outputs=dict(snakemake.output.items()),
        )
