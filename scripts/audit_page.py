"""Doorway of rule audit_page: the finished figures to one page that says what made them."""

from collections.abc import Sequence
from pathlib import Path

from xps import provenance, runlog
from xps.audit import page, project


def main(figures: Sequence[str], configuration: str, output: str) -> None:
    """Write the page about ``figures``, verified under the ``configuration``, to ``output``."""
    of_run = project.find(config=Path(configuration))
    provenance.write_atomically(Path(output), page.page(of_run, [Path(name) for name in figures]))


if __name__ == "__main__":
    with runlog.job(snakemake.log[0], snakemake.rule, "", snakemake.output):
        main(
            figures=snakemake.input.figures,
            configuration=snakemake.params.configuration,
            output=snakemake.output.page,
        )
