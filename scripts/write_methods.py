"""Doorway of rule write_methods: tables of all experiments to the methods section."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xps import provenance, runlog, tables
from xps.figures.words import methods


def main(
    settings: Mapping[str, Mapping[str, Any]], inputs: Sequence[str], outputs: Mapping[str, str], fingerprint: str
) -> None:
    """Write the methods section from the tables ``inputs`` and the ``settings`` of experiments and fit models."""
    given, ancestors = tables.by_name(inputs)
    params = {"settings": settings}
    record = provenance.record("write_methods", ancestors, params, fingerprint, subject="figures")
    text = methods.write(given, settings["experiments"], settings["models"], record)
    provenance.write_with_record(Path(outputs["methods"]), text.encode(), record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, "all", snakemake.output):
        main(
            settings=snakemake.params.settings,
            inputs=snakemake.input.tables,
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
