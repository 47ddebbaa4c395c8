# Needs: the fitted positions with their ties, and how well the energy scale is known.
# Makes: energy_checks, what the scale is held against.
# Steps: check_energy_scale compares lines of a cycle with each other, with the first cycle and with the literature.


rule check_energy_scale:
    input:
        calibration=rules.calibrate_energy.output.calibration,
        components=rules.fit_components.output.components,
        parameters=rules.fit_components.output.parameters,
    output:
        energy_checks=kept(f"{RESULTS}/{{experiment}}/energy_checks.parquet"),
    log:
        f"{RESULTS}/logs/check_energy_scale/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/check_energy_scale/{{experiment}}.tsv"
    priority: THEN_TABLES
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("check_energy_scale"),
        checks=ANALYSIS.energy_checks,
        models=ANALYSIS.model_names,
    message:
        "Check the energy scale of {wildcards.experiment}"
    script:
        "../scripts/check_energy_scale.py"
