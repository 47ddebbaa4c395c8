# Needs: the configuration that profiles/default or --configfile names.
# Makes: nothing; checks every setting and gives the rules their paths and parameters.
from pathlib import Path

from snakemake.exceptions import WorkflowError

from xps import configuration, models, runlog
from xps.errors import AnalysisError
from xps.provenance import fingerprint

try:
    ANALYSIS = configuration.load(
        Path(workflow.basedir),
        config,
        checks=[models.faults],
        files=[Path(name) for name in workflow.configfiles],
    )
except AnalysisError as error:
    raise WorkflowError(str(error)) from None

RESULTS = ANALYSIS.results
RUN_FOLDER = runlog.announce_run(Path(RESULTS))
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
    "layers",
    "balance",
    "kinetics",
)


wildcard_constraints:
    experiment="|".join(ANALYSIS.experiments) or "(?!)",
    figure="|".join(ANALYSIS.figures) or "(?!)",


def kept(path):
    # Snakemake deletes a job's outputs before it starts; marked so, a failed job's earlier outputs come back instead.
    # It keeps the copies under .snakemake/ by relative path, so that this works for results inside the working folder.
    inside = not Path(path).is_absolute() and ".." not in Path(path).parts
    return update(path) if inside else path


def closing_lines():
    return runlog.summary(RUN_FOLDER, RESULTS)
