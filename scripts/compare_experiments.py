"""Doorway of rule compare_experiments: what no single experiment can say, from all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from xps import chemistry, claims, kinetics, provenance, runlog, tables


def main(settings: Mapping[str, Any], inputs: Sequence[str], outputs: Mapping[str, str], fingerprint: str) -> None:
    """Write ``phases``, the ``kinetics`` and ``profiles`` that need two experiments, and ``claims``."""
    reference = settings["reference"]
    known = chemistry.chemistry(reference["phases"], reference["reactions"])
    found, ancestors = tables.by_experiment(inputs)
    series = {name: kinetics.series_of_tables(found[name], own, known) for name, own in settings["series"].items()}
    rates = {name: found[name]["kinetics"] for name in series}
    made = {
        "phases": tables.from_rows("phases", chemistry.phase_rows(known)),
        **kinetics.compare(series, settings["decays"], rates),
    }
    made["claims"] = claims.evaluate(settings["claims"], {**found, "": made})
    params, origin = {"settings": settings}, None if ancestors else "literature"
    record = provenance.record("compare_experiments", ancestors, params, fingerprint, data_origin=origin)
    # Phases follow from the reference rows alone, whatever series there are.
    params = {"settings": {"reference": reference}}
    of_phases = provenance.record("compare_experiments", [], params, fingerprint, data_origin="literature")
    for name, table in made.items():
        tables.write(outputs[name], name, table, of_phases if name == "phases" else record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, "all", snakemake.output):
        main(
            settings=snakemake.params.settings,
            inputs=list(snakemake.input),
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
