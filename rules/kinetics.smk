# Needs: component areas and the series' axis.
# Makes: kinetics, rate laws fitted to every area and fraction.
# Steps: extract_kinetics fits each law to each quantity and compares the laws.


rule extract_kinetics:
    input:
        acquisitions=rules.parse_spectra.output.acquisitions,
        components=rules.fit_components.output.components,
    output:
        kinetics=kept(f"{RESULTS}/{{experiment}}/kinetics.parquet"),
    log:
        f"{RESULTS}/logs/extract_kinetics/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/extract_kinetics/{{experiment}}.tsv"
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("extract_kinetics"),
        axis=ANALYSIS.axis,
        laws=ANALYSIS.kinetics_laws,
    message:
        "Fit rate laws to the series {wildcards.experiment}"
    script:
        "../scripts/extract_kinetics.py"
