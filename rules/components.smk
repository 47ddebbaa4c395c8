# Needs: the windows with their counts, and how well the energy scale is known.
# Makes: components, parameters, fits, correlations, curves and alternatives of every fit model.
# Steps: fit_components fits counts with components and background together, each acquisition of each model.


rule fit_components:
    input:
        acquisitions=rules.parse_spectra.output.acquisitions,
        calibration=rules.calibrate_energy.output.calibration,
        background=rules.subtract_background.output.background,
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
    params:
        fingerprint=fingerprint("fit_components"),
        models=ANALYSIS.model_mappings,
        engine=ANALYSIS.fit_engine,
    message:
        "Fit the components of {wildcards.experiment}"
    script:
        "../scripts/fit_components.py"
