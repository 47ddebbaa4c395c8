# Needs: the tables of every experiment, and the reference tables of phases, reactions and core levels.
# Makes: phases, what each decomposition reaction would leave; kinetics and likelihood profiles that need two experiments; claims.
# Steps: compare_experiments looks at what no single experiment can say.


rule compare_experiments:
    input:
        ANALYSIS.comparison_inputs(),
    output:
        phases=kept(f"{RESULTS}/phases.parquet"),
        kinetics=kept(f"{RESULTS}/kinetics.parquet"),
        profiles=kept(f"{RESULTS}/profiles.parquet"),
        claims=kept(f"{RESULTS}/claims.parquet"),
    log:
        f"{RESULTS}/logs/compare_experiments/all.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_experiments/all.tsv"
    priority: THEN_TABLES
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("compare_experiments"),
        settings=ANALYSIS.comparison(),
        reference=ANALYSIS.reference_rows(),
    message:
        "Compare the experiments with each other"
    script:
        "../scripts/compare_experiments.py"
