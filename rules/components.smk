# Needs: the windows with their counts, and how well the energy scale is known.
# Makes: components, parameters, fits, correlations, curves and alternatives of every fit model.
# Steps: fit_components fits counts with components and background together, each acquisition of each model. Of a series
#   longer than run.block_size, fit_series finds where all fits start, fit_block fits blocks of acquisitions, and
#   fit_components puts them together: the same tables to the byte.
from xps import block_names

BLOCKS = f"{RESULTS}/{{experiment}}/blocks"
FIT_TABLES = (
    "components",
    "parameters",
    "fits",
    "correlations",
    "curves",
    "alternatives",
)


wildcard_constraints:
    block=r"\d+-\d+",


def fitted_blocks(wildcards):
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
        table=FIT_TABLES,
        block=names,
        **wildcards,
    )


rule fit_series:
    input:
        acquisitions=rules.parse_spectra.output.acquisitions,
        calibration=rules.calibrate_energy.output.calibration,
        background=rules.subtract_background.output.background,
    output:
        starts=temp(f"{BLOCKS}/starts.json"),
    log:
        f"{RESULTS}/logs/fit_series/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit_series/{{experiment}}.tsv"
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("fit_series"),
        models=ANALYSIS.model_mappings,
        engine=ANALYSIS.fit_engine,
    message:
        "Find where the fits of the long series {wildcards.experiment} start"
    script:
        "../scripts/fit_series.py"


rule fit_block:
    input:
        acquisitions=rules.parse_spectra.output.acquisitions,
        calibration=rules.calibrate_energy.output.calibration,
        background=rules.subtract_background.output.background,
        starts=rules.fit_series.output.starts,
    output:
        components=temp(f"{BLOCKS}/components.{{block}}.parquet"),
        parameters=temp(f"{BLOCKS}/parameters.{{block}}.parquet"),
        fits=temp(f"{BLOCKS}/fits.{{block}}.parquet"),
        correlations=temp(f"{BLOCKS}/correlations.{{block}}.parquet"),
        curves=temp(f"{BLOCKS}/curves.{{block}}.parquet"),
        alternatives=temp(f"{BLOCKS}/alternatives.{{block}}.parquet"),
    log:
        f"{RESULTS}/logs/fit_block/{{experiment}}.{{block}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit_block/{{experiment}}.{{block}}.tsv"
    conda:
        "../environment.yml"
    threads: ANALYSIS.threads
    params:
        fingerprint=fingerprint("fit_block"),
        models=ANALYSIS.model_mappings,
        engine=ANALYSIS.fit_engine,
    message:
        "Fit the components of {wildcards.experiment}, acquisitions {wildcards.block}"
    script:
        "../scripts/fit_block.py"


rule fit_components:
    input:
        acquisitions=rules.parse_spectra.output.acquisitions,
        calibration=rules.calibrate_energy.output.calibration,
        background=rules.subtract_background.output.background,
        blocks=fitted_blocks,
    output:
        components=kept(f"{RESULTS}/{{experiment}}/components.parquet"),
        parameters=kept(f"{RESULTS}/{{experiment}}/parameters.parquet"),
        fits=kept(f"{RESULTS}/{{experiment}}/fits.parquet"),
        correlations=kept(f"{RESULTS}/{{experiment}}/correlations.parquet"),
        curves=kept(f"{RESULTS}/{{experiment}}/curves.parquet"),
        alternatives=kept(f"{RESULTS}/{{experiment}}/alternatives.parquet"),
    log:
        f"{RESULTS}/logs/fit_components/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit_components/{{experiment}}.tsv"
    conda:
        "../environment.yml"
    threads: ANALYSIS.threads
    params:
        fingerprint=fingerprint("fit_components"),
        models=ANALYSIS.model_mappings,
        engine=ANALYSIS.fit_engine,
    message:
        "Fit the components of {wildcards.experiment}"
    script:
        "../scripts/fit_components.py"
