# Needs: the fitted areas with their alternatives, the spectra for surveys, and the header's facts.
# Makes: composition, atomic percent of elements and species; degradation, the first survey against the last.
# Steps: quantify_composition turns areas into atoms with a declared table of sensitivity factors.


rule quantify_composition:
    input:
        acquisitions=rules.parse_spectra.output.acquisitions,
        spectra=rules.parse_spectra.output.spectra,
        calibration=rules.calibrate_energy.output.calibration,
        components=rules.fit_components.output.components,
        alternatives=rules.fit_components.output.alternatives,
    output:
        composition=kept(f"{RESULTS}/{{experiment}}/composition.parquet"),
        degradation=kept(f"{RESULTS}/{{experiment}}/degradation.parquet"),
    log:
        f"{RESULTS}/logs/quantify_composition/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/quantify_composition/{{experiment}}.tsv"
    priority: THEN_TABLES
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("quantify_composition"),
        settings=ANALYSIS.composition,
    message:
        "Quantify the composition of {wildcards.experiment}"
    script:
        "../scripts/quantify_composition.py"
