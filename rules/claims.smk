# Needs: the reference tables of phases and reactions.
# Makes: phases, what each decomposition reaction would leave behind.
# Steps: compare_experiments looks at what no single experiment can say.


rule compare_experiments:
    output:
        phases=kept(f"{RESULTS}/phases.parquet"),
    log:
        f"{RESULTS}/logs/compare_experiments/all.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_experiments/all.tsv"
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("compare_experiments"),
        reference=ANALYSIS.reference_rows(),
    message:
        "Compare the experiments with each other"
    script:
        "../scripts/compare_experiments.py"
