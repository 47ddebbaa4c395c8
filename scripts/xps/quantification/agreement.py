"""Do the factor tables make sense, and do they hold what the experiments count? Asked before a run."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Protocol

from xps import sensitivity
from xps.errors import near


class FactorUse(Protocol):
    """Experiments and reference tables by name, and what each experiment's composition rests on."""

    @property
    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Settings of each experiment."""

    @property
    def reference(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Rows of the reference tables; tables of factors are called factors_<name>."""

    def composition(self, wildcards: Any) -> dict[str, Any]:
        """Return the settings of one experiment's composition; empty where its factor table does not exist."""


def faults(use: FactorUse) -> list[str]:
    """Return what is wrong inside the tables of factors, and every level that is counted without a factor."""
    found: list[str] = []
    for name, rows in use.reference.items():
        if name.startswith("factors_"):
            found += [
                f"config/reference/{name}.csv: {fault}" for fault in sensitivity.faults([dict(row) for row in rows])
            ]
    for name in use.experiments:
        settings = use.composition(SimpleNamespace(experiment=name))
        if settings:
            found += [f"config/experiments/{name}.yaml: {fault}" for fault in _unknown_levels(settings)]
    return found


def _unknown_levels(settings: Mapping[str, Any]) -> list[str]:
    known = [row["core_level"] for row in settings["factor_rows"]]
    lines = settings["survey"]["lines"] if settings["survey"] else []
    wanted = [item["core_level"] for item in [*settings["counted"], *lines]]
    return [
        f"composition: {level} has no factor in config/reference/factors_{settings['factors']}.csv{near(level, known)}"
        for level in dict.fromkeys(wanted)
        if level not in known
    ]
