"""Doorway of rule parse_spectra: raw PHI files and the operator's log to acquisitions and spectra."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xps import acquisitions, provenance, runlog, tables


def main(
    experiment: str,
    settings: Mapping[str, Any],
    raw_root: str,
    files: Sequence[str],
    outputs: Mapping[str, str],
    fingerprint: str,
) -> None:
    """Read ``files`` of ``experiment`` and write its tables ``acquisitions`` and ``spectra`` to ``outputs``."""
    parsed = acquisitions.assemble(experiment, settings, [Path(name) for name in files], Path(raw_root))
    sources = [provenance.Source(path, sha256) for path, sha256 in parsed.sources]
    origin = settings["data_origin"]
    record = provenance.record(
        "parse_spectra", sources, {"settings": settings}, fingerprint, subject=experiment, data_origin=origin
    )
    tables.write_together(outputs, parsed.parts(), record)


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, snakemake.wildcards.experiment, snakemake.output):
        main(
            experiment=snakemake.wildcards.experiment,
            settings=snakemake.params.settings,
            raw_root=snakemake.params.raw_root,
            files=snakemake.input.files,
            outputs=dict(snakemake.output.items()),
            fingerprint=snakemake.params.fingerprint,
        )
