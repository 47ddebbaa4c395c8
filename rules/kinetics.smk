# Needs: component areas, the series' axis and the declared films.
# Makes: layers, thicknesses from attenuation; balance, what became of the plated charge; kinetics, rate laws;
#        courses, growth laws over time with their bands; profiles, the likelihood behind the intervals of mechanisms.
# Steps: extract_kinetics solves the films, balances the charge, fits each law to each quantity and compares the laws.


rule extract_kinetics:
    input:
        acquisitions=rules.parse_spectra.output.acquisitions,
        components=rules.fit_components.output.components,
    output:
        layers=kept(f"{RESULTS}/{{experiment}}/layers.parquet"),
        balance=kept(f"{RESULTS}/{{experiment}}/balance.parquet"),
        kinetics=kept(f"{RESULTS}/{{experiment}}/kinetics.parquet"),
        courses=kept(f"{RESULTS}/{{experiment}}/courses.parquet"),
        profiles=kept(f"{RESULTS}/{{experiment}}/profiles.parquet"),
    log:
        f"{RESULTS}/logs/extract_kinetics/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/extract_kinetics/{{experiment}}.tsv"
    priority: THEN_TABLES
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("extract_kinetics"),
        axis=ANALYSIS.axis,
        kinetics=ANALYSIS.kinetics_settings,
        films=ANALYSIS.layer_settings,
        areas_cm2=ANALYSIS.areas_cm2,
    message:
        "Fit rate laws to the series {wildcards.experiment}"
    script:
        "../scripts/extract_kinetics.py"
