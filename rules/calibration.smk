# Needs: spectra and acquisitions.
# Makes: calibration, the energy shift of each region with its uncertainty.
# Steps: calibrate_energy fits the reference line of each cycle on the recorded axis.


rule calibrate_energy:
    input:
        acquisitions=rules.parse_spectra.output.acquisitions,
        spectra=rules.parse_spectra.output.spectra,
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
