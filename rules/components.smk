# Needs: the windows with their counts, and how well the energy scale is known.
# Makes: components, parameters, fits, correlations, curves, alternatives, area_profiles and covariances of every fit
#   model.
# Steps: fit_components fits counts with components and background together, each acquisition of each model. Of a series
#   longer than run.block_size, fit_series finds where all fits start, fit_block fits blocks of acquisitions, and
#   fit_components puts them together: the same tables to the byte.


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
    priority: FITS_FIRST
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
        area_profiles=temp(f"{BLOCKS}/area_profiles.{{block}}.parquet"),
        covariances=temp(f"{BLOCKS}/covariances.{{block}}.parquet"),
    log:
        f"{RESULTS}/logs/fit_block/{{experiment}}.{{block}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit_block/{{experiment}}.{{block}}.tsv"
    priority: FITS_FIRST
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
        area_profiles=kept(f"{RESULTS}/{{experiment}}/area_profiles.parquet"),
        covariances=kept(f"{RESULTS}/{{experiment}}/covariances.parquet"),
    log:
        f"{RESULTS}/logs/fit_components/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit_components/{{experiment}}.tsv"
    priority: FITS_FIRST
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
