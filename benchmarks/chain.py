"""All stages of the workflow in one process: what a simulated series becomes, without figures and without records.

The studies of this folder and the tests of traps send series through it that no raw folder holds.
"""

import csv
import pickle
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from xps import (
    acquisitions,
    balance,
    calibration,
    chemistry,
    claims,
    configuration,
    energy_scale,
    fitting,
    kinetics,
    layers,
    models,
    quantification,
    simulation,
    tables,
    windows,
)

ROOT = Path(__file__).resolve().parents[1]
Tables = dict[str, Any]


def setup(experiment: str, seed: int = 0) -> simulation.Setup:
    """Return a shipped series' settings; with another ``seed`` than 0 its noise and charging are drawn anew."""
    shipped = simulation.load(ROOT / f"config/simulation/{experiment}.yaml", ROOT / "config/schema")
    return replace(shipped, plan=replace(shipped.plan, seed=seed)) if seed else shipped


def made(setup: simulation.Setup, kind: str | None = None) -> simulation.Variant:
    """Return the series of ``setup``, or the variant ``kind`` of it."""
    return simulation.Variant(setup) if kind is None else simulation.variant(setup, kind)


def analysis_of(experiments: Sequence[str], raw: Path = Path("raw"), **more: Any) -> Any:
    """Return the checked settings of shipped experiments; ``more`` are further keys of the configuration."""
    config = {"raw": str(raw), "results": "results", "experiments": [*experiments], "figures": [], **more}
    return configuration.load(ROOT, config, checks=[models.faults, quantification.faults])


def plain(content: dict[str, Any]) -> dict[str, Any]:
    """Return a fit model without its alternatives, which take most of the time and give the systematic errors."""
    return {key: value for key, value in content.items() if "alternatives" not in key}


def tables_of(
    experiment: str,
    series: simulation.Series,
    wanted: Sequence[str] = (),
    alternatives: bool = True,
    log: Callable[[str], str] = lambda text: text,
) -> Tables:
    """Return all tables of one experiment by name.

    ``wanted`` are the fit models (none: all of the experiment's), ``log`` changes the operator's log before it is read.
    """
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder)
        simulation.write_series(series, raw)
        kept = raw / experiment / "acquisitions.csv"
        kept.write_text(log(kept.read_text(encoding="utf-8")), encoding="utf-8")
        analysis, job = analysis_of([experiment], raw), SimpleNamespace(experiment=experiment)
        files = [Path(name) for name in analysis.raw_files(job)]
        parsed = acquisitions.assemble(experiment, analysis.parse_settings(job), files, raw)
        acquired, spectra = parsed.acquisitions, parsed.spectra  # read while the files are there
    fitted = _fitted(analysis, job, acquired, spectra, wanted, alternatives)
    return fitted | _followed(analysis, job, fitted)


def _fitted(analysis: Any, job: Any, acquired: Any, spectra: Any, wanted: Sequence[str], alternatives: bool) -> Tables:
    contents, engine = analysis.model_mappings(job), analysis.fit_engine(job)
    names = [name for name in contents if not wanted or name in wanted]
    known = [models.from_mapping(name, contents[name] if alternatives else plain(contents[name])) for name in names]
    holder = analysis.reference_model(job)
    reference = models.from_mapping(holder["name"], holder["settings"]) if holder else None
    shifts = calibration.calibrate(acquired, spectra, analysis.energy_reference(job), reference, engine)
    cut = windows.cut(acquired, spectra, shifts, {model.name: model.windows for model in known})
    found = fitting.fit_models(cut, acquired, shifts, known, engine)
    names_of_tables = ("components", "parameters", "fits", "correlations", "curves", "alternatives")
    measured = {"acquisitions": acquired, "spectra": spectra, "calibration": shifts}
    return measured | {name: getattr(found, name) for name in names_of_tables}


def _followed(analysis: Any, job: Any, found: Tables) -> Tables:
    """Return what the stages after the fits make of ``found``."""
    films, areas = analysis.layer_settings(job), analysis.areas_cm2(job)
    stacks, factors = films["stacks"], films["factors"]
    known = chemistry.chemistry(films["reference"]["phases"], films["reference"]["reactions"])
    thick = tables.concatenate("layers", list(layers.extract(tables.Series(found), stacks, known, factors)))
    whole = tables.Series({**found, "layers": thick})
    series = kinetics.series_of(whole, stacks, known, factors, areas)
    charges = balance.extract(whole, areas, films["balance"], stacks, known)
    lines = tables.Series({name: found[name] for name in energy_scale.COLUMNS}, counted="components")
    checks = energy_scale.check(lines, analysis.energy_checks(job), analysis.model_names(job))
    counted = list(quantification.made(whole, analysis.composition(job)))
    return {
        "layers": thick,
        "balance": tables.concatenate("balance", list(charges)),
        **kinetics.follow(series, analysis.axis(job), analysis.kinetics_settings(job)),
        "energy_checks": tables.concatenate("energy_checks", list(checks)),
        **{
            name: tables.concatenate(name, [part[name] for part in counted if name in part])
            for name in ("composition", "degradation")
        },
    }


def compared(analysis: Any, found: dict[str, Tables]) -> Tables:
    """Return the tables about all experiments together, claims among them where ``analysis`` asks for them."""
    settings, reference = analysis.comparison(), analysis.reference_rows()
    known = chemistry.chemistry(reference["phases"], reference["reactions"])
    series = {name: kinetics.series_of_tables(found[name], own, known) for name, own in settings["series"].items()}
    rates = {name: found[name]["kinetics"] for name in series}
    made = {
        "phases": tables.from_rows("phases", chemistry.phase_rows(known)),
        **kinetics.compare(series, settings["decays"], rates),
    }
    return made | {"claims": claims.evaluate(settings["claims"], {**found, "": made})}


def keep(folder: Path | None, name: str, found: Tables) -> None:
    """Leave tables for a later look where a folder is given; nothing reads them again."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(found))


def span(text: str) -> list[int]:
    """Return the seeds that ``text`` names: 3, or 1-8."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def appended(path: Path | None, fields: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Add ``rows`` to a CSV file, where one is given; a new file gets its header."""
    if path is None:
        return
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, extrasaction="ignore", lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)
