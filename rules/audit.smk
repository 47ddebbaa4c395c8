# Needs: the finished figures; what they were made from is in their own records.
# Makes: audit.html, one page that leads from each figure to its raw files.
# Steps: audit_page verifies the chain of every figure and writes the page.


rule audit_page:
    input:
        figures=expand(f"{RESULTS}/figures/{{figure}}.pdf", figure=ANALYSIS.figures),
    output:
        page=kept(f"{RESULTS}/audit.html"),
    log:
        f"{RESULTS}/logs/audit_page/audit_page.log",
    benchmark:
        f"{RESULTS}/benchmarks/audit_page/audit_page.tsv"
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("audit_page"),
        configuration=CONFIGURATION,
        settings=ANALYSIS.figures,
    message:
        "Verify the figures and write the audit page"
    script:
        "../scripts/audit_page.py"
