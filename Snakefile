# VEP-XPS reanalysis: raw PHI files to tables and figures, one stage per rule file.
#
#   parse_spectra -> calibrate_energy -> subtract_background -> fit_components -> check_energy_scale ->
#   extract_kinetics -> compare_experiments -> render_figure
#
# `make` or `snakemake --cores all` runs it; profiles/default names the configuration, --configfile replaces it.
import os
import shlex
import sys

# The only path line of the project: rule files and rule scripts import the same library under the same name.
sys.path.insert(0, os.path.join(workflow.basedir, "scripts"))

# Threaded BLAS changes last bits and oversubscribes the cores; set before any job starts so that all inherit it.
for name in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{name}_NUM_THREADS"] = "1"
# Snakemake writes the interpreter's path into shell lines without quotes: from a folder such as "XPS data" it is relative.
if shlex.quote(sys.executable) != sys.executable:
    sys.executable = os.path.relpath(sys.executable)
# Arrow's own allocator keeps some 50 MB more of what is free again.
os.environ.update(ARROW_DEFAULT_MEMORY_POOL="system")


include: "rules/common.smk"
include: "rules/spectra.smk"
include: "rules/calibration.smk"
include: "rules/background.smk"
include: "rules/components.smk"
include: "rules/energy_scale.smk"
include: "rules/composition.smk"
include: "rules/kinetics.smk"
include: "rules/claims.smk"
include: "rules/figures.smk"
include: "rules/audit.smk"


rule all:
    default_target: True
    input:
        expand(
            f"{RESULTS}/{{experiment}}/{{table}}.parquet",
            experiment=ANALYSIS.experiments,
            table=TABLES,
        ),
        expand(
            f"{RESULTS}/{{table}}.parquet",
            table=("phases", "kinetics", "profiles", "claims"),
        ),
        expand(f"{RESULTS}/figures/{{figure}}.pdf", figure=ANALYSIS.figures),
        expand(f"{RESULTS}/{{experiment}}/areas.csv", experiment=ANALYSIS.experiments),
        f"{RESULTS}/figures/methods.md",
        f"{RESULTS}/audit.html",
    message:
        "All that was asked for is there"


# What a person sees (scripts/xps/progress.py); a dry run, or a job that a cluster runs, speaks as Snakemake does.
progress.explain_refusals(logger, sys.stderr)


onstart:
    drop_empty_rate_limit()
    progress.follow(logger, REPORTER, total=len(workflow.dag))


onsuccess:
    print(closing_lines())


onerror:
    print(closing_lines(), file=sys.stderr)
