# Needs: the raw files of an experiment and its operator's log.
# Makes: acquisitions (one row per region and cycle) and spectra (one row per channel).
# Steps: parse_spectra reads PHI files and joins them with the log.


# A checkpoint, because what it finds, the length of the series, decides about later jobs (rules/components.smk).
checkpoint parse_spectra:
    input:
        files=ANALYSIS.raw_files,
        operator_log=ANALYSIS.log_file,
    output:
        acquisitions=kept(f"{RESULTS}/{{experiment}}/acquisitions.parquet"),
        spectra=kept(f"{RESULTS}/{{experiment}}/spectra.parquet"),
    log:
        f"{RESULTS}/logs/parse_spectra/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/parse_spectra/{{experiment}}.tsv"
    priority: FITS_FIRST
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("parse_spectra"),
        settings=ANALYSIS.parse_settings,
        raw_root=ANALYSIS.raw_root,
        files=ANALYSIS.raw_files,
        operator_log=ANALYSIS.log_file,
    message:
        "Read the raw files of {wildcards.experiment}"
    script:
        "../scripts/parse_spectra.py"
