# Needs: the configuration that profiles/default or --configfile names.
# Makes: nothing; checks every setting and gives the rules their paths and parameters.
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from xps import (
    block_names,
    configuration,
    garbage,
    models,
    progress,
    quantification,
    runlog,
)
from xps.errors import AnalysisError
from xps.provenance import fingerprint
from xps.table_schemas import fitted

garbage.collect_seldom()

try:
    ANALYSIS = configuration.load(
        Path(workflow.basedir),
        config,
        checks=[models.faults, quantification.faults],
        files=[Path(name) for name in workflow.configfiles],
    )
except AnalysisError as error:
    raise WorkflowError(str(error)) from None

RESULTS = ANALYSIS.results
BLOCKS = f"{RESULTS}/{{experiment}}/blocks"
# From the working folder: a project that is moved reruns nothing.
CONFIGURATION = os.path.relpath(workflow.configfiles[-1])
REPORTER = progress.Reporter(sys.stderr)
RUN_FOLDER = runlog.announce_run(Path(RESULTS))
# Of jobs that may start, those go first that the most waits for; figures fill the gaps.
FITS_FIRST, THEN_TABLES = 2, 1
TABLES = (
    "acquisitions",
    "spectra",
    "calibration",
    "background",
    "components",
    "parameters",
    "fits",
    "correlations",
    "curves",
    "alternatives",
    "area_profiles",
    "covariances",
    "energy_checks",
    "composition",
    "degradation",
    "layers",
    "balance",
    "kinetics",
    "courses",
    "profiles",
)


wildcard_constraints:
    experiment="|".join(ANALYSIS.experiments) or "(?!)",
    figure="|".join(ANALYSIS.figures) or "(?!)",
    block=r"\d+-\d+",


def kept(path):
    # Snakemake deletes a job's outputs before it starts; marked so, a failed job's earlier outputs come back instead.
    # It keeps the copies under .snakemake/ by relative path, so that this works for results inside the working folder.
    inside = not Path(path).is_absolute() and ".." not in Path(path).parts
    return update(path) if inside else path


def drop_empty_rate_limit():
    # A limit of jobs per 0 s limits nothing, yet Snakemake asks again at once, without a pause, whether a ready job may
    # start: a third of a core for as long as jobs wait for a free one. Any longer span adds a timer per finished job,
    # and no option says "no limit". Without a limiter it waits, as it should, for a job to end.
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limiter is not None and limiter.timespan == 0:
        workflow.scheduler.job_rate_limiter = None


def complete_run_record():
    # The jobs have left their entries; a run in which none ran has no folder. Told and not raised: the results are there.
    if not (RUN_FOLDER / "jobs").is_dir():
        return
    # Half a second that only a run with something to record is worth.
    from xps import crate

    try:
        crate.after_run(Path(workflow.basedir), Path(CONFIGURATION), RUN_FOLDER)
    except (AnalysisError, OSError) as error:
        print(f"the run record stays as the jobs left it: {error}", file=sys.stderr)


def closing_lines():
    complete_run_record()
    REPORTER.clear()
    dag = workflow.dag
    untried = [
        job
        for job in dag.needrun_jobs()
        if job.is_script and not REPORTER.was_tried(dag.jobid(job))
    ]
    names = sorted(
        f"{job.rule.name} {'.'.join(job.wildcards)}".rstrip() for job in untried
    )
    return runlog.summary(RUN_FOLDER, RESULTS, names)


def fitted_blocks(wildcards):
    return of_blocks(wildcards, fitted.SCHEMAS)


def calibrated_blocks(wildcards):
    # Where nothing is fitted there is nothing to share out.
    is_fitted = ANALYSIS.energy_reference(wildcards)["mode"] == "fitted"
    return of_blocks(wildcards, ["calibration"]) if is_fitted else []


def of_blocks(wildcards, tables_of_block):
    # How long a series is stands in its files, which nobody reads while rules are parsed: parse_spectra, a checkpoint,
    # tells. Not asked where the listing of the raw folder shows that one job will do: then no job and no wait is added.
    if ANALYSIS.acquisitions_at_most(wildcards) <= ANALYSIS.block_size:
        return []
    from xps import tables  # a quarter of a second that only a long series is worth

    acquired = checkpoints.parse_spectra.get(**wildcards).output.acquisitions
    names = block_names.names(
        tables.acquisition_count(acquired, "acquisitions"), ANALYSIS.block_size
    )
    return expand(
        f"{BLOCKS}/{{table}}.{{block}}.parquet",
        table=tables_of_block,
        block=names,
        **wildcards,
    )
