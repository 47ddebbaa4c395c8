# Needs: spectra and acquisitions.
# Makes: calibration, the energy shift of each region with its uncertainty.
# Steps: calibrate_energy fits the reference line of each cycle on the recorded axis. Of a series longer than
#   run.block_size, calibrate_block does it for blocks of acquisitions, and calibrate_energy puts them together: the same
#   table to the byte.


rule calibrate_block:
    input:
        acquisitions=rules.parse_spectra.output.acquisitions,
        spectra=rules.parse_spectra.output.spectra,
    output:
        calibration=temp(f"{BLOCKS}/calibration.{{block}}.parquet"),
    log:
        f"{RESULTS}/logs/calibrate_block/{{experiment}}.{{block}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/calibrate_block/{{experiment}}.{{block}}.tsv"
    conda:
        "../environment.yml"
    threads: ANALYSIS.threads
    params:
        fingerprint=fingerprint("calibrate_block"),
        reference=ANALYSIS.energy_reference,
        model=ANALYSIS.reference_model,
        engine=ANALYSIS.fit_engine,
    message:
        "Find the reference line of {wildcards.experiment}, acquisitions {wildcards.block}"
    script:
        "../scripts/calibrate_block.py"


rule calibrate_energy:
    input:
        acquisitions=rules.parse_spectra.output.acquisitions,
        spectra=rules.parse_spectra.output.spectra,
        blocks=calibrated_blocks,
    output:
        calibration=kept(f"{RESULTS}/{{experiment}}/calibration.parquet"),
    log:
        f"{RESULTS}/logs/calibrate_energy/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/calibrate_energy/{{experiment}}.tsv"
    priority: FITS_FIRST
    conda:
        "../environment.yml"
    threads: ANALYSIS.threads
    params:
        fingerprint=fingerprint("calibrate_energy"),
        reference=ANALYSIS.energy_reference,
        model=ANALYSIS.reference_model,
        engine=ANALYSIS.fit_engine,
    message:
        "Calibrate the binding energies of {wildcards.experiment}"
    script:
        "../scripts/calibrate_energy.py"
