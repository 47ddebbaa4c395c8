"""What one run analyses: checked settings, and what each rule needs of them.

The methods that take ``wildcards`` (anything with an attribute ``experiment`` or ``figure``) are made for rules: a rule
gets just those leaves that it depends on, so that a changed setting reruns what depends on it and nothing else. They
return plain dicts and lists with sorted keys. Nothing of the section ``run`` is among them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from xps import figure_settings
from xps.configuration.documents import plain
from xps.configuration.reference import CHECKS, checks_of, composition_of, factors_of
from xps.configuration.sense import reference_holders
from xps.configuration.shape import near
from xps.errors import ConfigError

FIT_ENGINE = "separable"
# What the comparison reads of the experiments that it compares, and of every experiment where claims are asked for.
COMPARED = ("acquisitions", "components", "layers", "kinetics")
CLAIMED = (
    *COMPARED,
    "calibration",
    "correlations",
    "curves",
    "alternatives",
    "composition",
    "balance",
    "energy_checks",
)
KINETICS_LAWS = ("linear", "exponential", "parabolic")
# ASSUME a cycle of a depth profile holds at least a hundred points, of four bytes each. Where one holds less, a series
# of a little more than a block is fitted as one: no number changes, and such a file is small.
_LEAST_CYCLE_BYTES = 400


def _cycles_at_most(path: Path) -> int:
    """Return how many cycles a raw file can hold: only a .pro holds more than one."""
    return 1 + path.stat().st_size // _LEAST_CYCLE_BYTES if path.suffix.lower() == ".pro" else 1


@dataclass(frozen=True, slots=True)
class Analysis:
    """Checked settings of one run."""

    raw_root: str
    """Raw root as the configuration spells it."""
    results: str
    """Results root as the configuration spells it."""
    experiments: Mapping[str, Mapping[str, Any]]
    """Experiments to analyse: what their files say, by name, in the order of the configuration."""
    models: Mapping[str, Mapping[str, Any]]
    """Fit models that the experiments name: what their files say, by name."""
    figures: Mapping[str, Mapping[str, Any]]
    """Figures to draw: what their files say, by name, in the order of the configuration."""
    files: Mapping[str, tuple[str, ...]]
    """Raw files by experiment."""
    logs: Mapping[str, str | None]
    """Operator's log by experiment, None where there is none."""
    reference: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """Rows of the reference tables by name; none where the project has no such table."""
    claims: Sequence[Mapping[str, Any]] = ()
    """Sentences of a publication to hold against the tables; none unless the configuration asks for them."""
    block_size: int = 1000
    """Acquisitions per job where a series is split (how to run, never what comes out)."""
    threads: int = 1
    """Processes of one fitting job (how to run, never what comes out)."""

    def raw_files(self, wildcards: Any) -> list[str]:
        """Return the paths of the experiment's raw files."""
        return list(self.files[self._known(wildcards)])

    def log_file(self, wildcards: Any) -> list[str]:
        """Return the path of the operator's log as a list, empty where there is none."""
        log = self.logs[self._known(wildcards)]
        return [] if log is None else [log]

    def acquisitions_at_most(self, wildcards: Any) -> int:
        """Return a number that the experiment's acquisitions hardly exceed, from the number and sizes of its files."""
        return sum(_cycles_at_most(Path(path)) for path in self.raw_files(wildcards))

    def parse_settings(self, wildcards: Any) -> dict[str, Any]:
        """Return what reading the raw files depends on: source, regions and data_origin."""
        settings = self._settings(wildcards)
        return {key: plain(settings[key]) for key in ("data_origin", "regions", "source")}

    def energy_reference(self, wildcards: Any) -> dict[str, Any]:
        """Return the energy reference's settings."""
        return dict(plain(self._settings(wildcards)["energy_reference"]))

    def reference_model(self, wildcards: Any) -> dict[str, Any]:
        """Return ``name`` and ``settings`` of the model that holds the reference component; empty where none does."""
        models = self.model_mappings(wildcards)
        holders = reference_holders(self._settings(wildcards), models)
        return {"name": holders[0], "settings": models[holders[0]]} if holders else {}

    def model_mappings(self, wildcards: Any) -> dict[str, dict[str, Any]]:
        """Return the experiment's fit models by name, as their files say, in the order of the experiment file.

        A likelihood that the experiment asks for is part of each of its models.
        """
        settings = self._settings(wildcards)
        asked = {key: settings[key] for key in ("likelihood",) if key in settings}
        return {name: plain(self.models[name]) | asked for name in settings["models"]}

    def model_names(self, wildcards: Any) -> list[str]:
        """Return the experiment's fit models in the order of its file: where several hold a line, the first counts."""
        return list(self._settings(wildcards)["models"])

    def model_windows(self, wildcards: Any) -> dict[str, list[Any]]:
        """Return the windows alone of each model: a changed component does not touch them."""
        return {name: model["windows"] for name, model in self.model_mappings(wildcards).items()}

    def fit_engine(self, wildcards: Any) -> str:
        """Return which engine fits, ``separable`` or ``lmfit``."""
        return str(self._settings(wildcards).get("engine", FIT_ENGINE))

    def energy_checks(self, wildcards: Any) -> list[dict[str, Any]]:
        """Return what the experiment's energy scale is held against: rows of the reference table."""
        models = self.model_mappings(wildcards)
        return list(plain(checks_of(self._settings(wildcards), models, self.reference.get(CHECKS, []))))

    def composition(self, wildcards: Any) -> dict[str, Any]:
        """Return what the composition rests on: factors, counted levels and the survey; empty without factors."""
        settings = self._settings(wildcards)
        # The order of models decides which of them counts, so it is kept.
        models = {name: self.models[name] for name in settings["models"] if name in self.models}
        return dict(plain(composition_of(settings, models, self.reference)))

    def axis(self, wildcards: Any) -> str:
        """Return the column of the series' axis."""
        return str(self._settings(wildcards)["axis"])

    def areas_cm2(self, wildcards: Any) -> dict[str, float]:
        """Return the declared areas in cm2 by name."""
        return dict(plain(self._settings(wildcards).get("areas_cm2", {})))

    def kinetics_settings(self, wildcards: Any) -> dict[str, Any]:
        """Return the rate laws to compare and what is asked about mechanisms in one series (not: decay)."""
        wanted = dict(plain(self._settings(wildcards).get("kinetics", {})))
        wanted.pop("decay", None)
        return {"laws": list(KINETICS_LAWS), **wanted}

    def layer_settings(self, wildcards: Any) -> dict[str, Any]:
        """Return the declared stacks, what holds the lithium, and the factors and reference rows that either needs."""
        settings = self._settings(wildcards)
        stacks = [plain(stack) for stack in settings.get("layers", [])]
        return {
            "stacks": stacks,
            "balance": plain(settings.get("balance")),
            "factors": self._factors(settings),
            "reference": self.reference_rows(),
        }

    def reference_rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of the reference tables ``phases`` and ``reactions``."""
        return {name: plain(self.reference.get(name, ())) for name in ("phases", "reactions")}

    def _factors(self, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the rows of an experiment's factor table for the core levels of its models."""
        models = {name: self.models[name] for name in settings["models"] if name in self.models}
        return [dict(row) for row in plain(factors_of(settings, models, self.reference))]

    def comparison(self) -> dict[str, Any]:
        """Return what the comparison depends on beside ``reference_rows``: claims, decays, films, factors and areas."""
        settings = {name: self.experiments[name] for name in self._compared()}
        return {
            "claims": plain(self.claims),
            "decays": self._decays(),
            "series": {
                name: {
                    "stacks": plain(item.get("layers", [])),
                    "areas_cm2": plain(item.get("areas_cm2", {})),
                    "factors": self._factors(item),
                }
                for name, item in settings.items()
            },
        }

    def comparison_inputs(self) -> list[str]:
        """Return the paths of the tables that the comparison reads: for claims those of every experiment."""
        names, tables = (self.experiments, CLAIMED) if self.claims else (self._compared(), COMPARED)
        return [f"{self.results}/{name}/{table}.parquet" for name in names for table in tables]

    def _decays(self) -> dict[str, Any]:
        kinetics = {name: item.get("kinetics", {}) for name, item in self.experiments.items()}
        return {name: plain(item["decay"]) for name, item in kinetics.items() if "decay" in item}

    def _compared(self) -> list[str]:
        """Return the experiments that a decay at rest needs, of those that are analysed."""
        decays = self._decays()
        sources = {item["oxidation_from"] for item in decays.values() if "oxidation_from" in item}
        return [name for name in self.experiments if name in decays or name in sources]

    def figure_settings(self, wildcards: Any) -> dict[str, Any]:
        """Return a figure's settings; ``names`` holds the labels of its experiments, where they have any."""
        settings = dict(plain(self._figure(wildcards)))
        shown = figure_settings.experiments_of(settings, self.experiments)
        labels = {name: str(self.experiments[name]["label"]) for name in shown if "label" in self.experiments[name]}
        return settings | ({"names": labels} if labels else {})

    def figure_category(self, wildcards: Any) -> str:
        """Return the part of the report in which a figure stands."""
        return figure_settings.category(self._figure(wildcards)["kind"])

    def methods_settings(self) -> dict[str, dict[str, Any]]:
        """Return what the methods section says that no table holds: of each experiment, and of each fit model."""
        said = {"areas_cm2": {}, "description": "", "label": ""}
        return {
            "experiments": {
                name: {key: plain(item.get(key, unsaid)) for key, unsaid in said.items()}
                for name, item in self.experiments.items()
            },
            "models": {
                name: {key: plain(item[key]) for key in ("windows", "components", "ties") if key in item}
                for name, item in self.models.items()
            },
        }

    def figure_inputs(self, wildcards: Any) -> list[str]:
        """Return the paths of the tables that a figure is drawn from."""
        wanted = figure_settings.inputs(self._figure(wildcards), self.experiments)
        return [str(PurePosixPath(self.results, experiment, f"{table}.parquet")) for experiment, table in wanted]

    def _known(self, wildcards: Any) -> str:
        name = str(wildcards.experiment)
        if name not in self.experiments:
            raise ConfigError(f"experiment {name!r} is not among those of this run{near(name, self.experiments)}")
        return name

    def _settings(self, wildcards: Any) -> Mapping[str, Any]:
        return self.experiments[self._known(wildcards)]

    def _figure(self, wildcards: Any) -> Mapping[str, Any]:
        name = str(wildcards.figure)
        if name not in self.figures:
            raise ConfigError(f"figure {name!r} is not among those of this run{near(name, self.figures)}")
        return self.figures[name]
