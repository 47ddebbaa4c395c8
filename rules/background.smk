# Needs: spectra on the recorded axis and their calibration.
# Makes: background, each fit model's windows on the calibrated axis with a static background estimate.
# Steps: subtract_background cuts the windows; counts stay as they are, nothing is subtracted from them.


rule subtract_background:
    input:
        acquisitions=rules.parse_spectra.output.acquisitions,
        spectra=rules.parse_spectra.output.spectra,
        calibration=rules.calibrate_energy.output.calibration,
    output:
        background=kept(f"{RESULTS}/{{experiment}}/background.parquet"),
    log:
        f"{RESULTS}/logs/subtract_background/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/subtract_background/{{experiment}}.tsv"
    priority: FITS_FIRST
    conda:
        "../environment.yml"
    threads: ANALYSIS.threads
    params:
        fingerprint=fingerprint("subtract_background"),
        windows=ANALYSIS.model_windows,
    message:
        "Cut the fit windows of {wildcards.experiment} and estimate their backgrounds"
    script:
        "../scripts/subtract_background.py"
