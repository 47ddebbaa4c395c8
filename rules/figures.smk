# Needs: the tables a figure's kind draws from.
# Makes: figures/<figure>.pdf with the plotted numbers (.csv) and the caption (.md) beside it, figures/methods.md,
#        and <experiment>/areas.csv for spreadsheets.
# Steps: render_figure draws one figure from tables alone; write_methods writes the methods section; export_areas writes
#        areas and atomic percent. `make report` gathers the figures in one HTML file.
from xps import figure_settings

EXPERIMENTS = list(ANALYSIS.experiments)
METHODS_TABLES = [name for name in figure_settings.METHODS_TABLES if name in TABLES]
EXPORT_TABLES = [name for name in figure_settings.EXPORT_TABLES if name in TABLES]


report: "report/workflow.rst"


rule render_figure:
    input:
        tables=ANALYSIS.figure_inputs,
    output:
        pdf=report(
            kept(f"{RESULTS}/figures/{{figure}}.pdf"),
            caption="report/figure.rst",
            category=ANALYSIS.figure_category,
            labels={"figure": "{figure}"},
        ),
        csv=kept(f"{RESULTS}/figures/{{figure}}.csv"),
        caption=kept(f"{RESULTS}/figures/{{figure}}.md"),
        csv_record=kept(f"{RESULTS}/figures/{{figure}}.csv.record.json"),
        caption_record=kept(f"{RESULTS}/figures/{{figure}}.md.record.json"),
    log:
        f"{RESULTS}/logs/render_figure/{{figure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/render_figure/{{figure}}.tsv"
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("render_figure"),
        settings=ANALYSIS.figure_settings,
        tables=ANALYSIS.figure_inputs,
    message:
        "Draw the figure {wildcards.figure}"
    script:
        "../scripts/render_figure.py"


rule write_methods:
    input:
        tables=expand(
            f"{RESULTS}/{{experiment}}/{{table}}.parquet",
            experiment=EXPERIMENTS,
            table=METHODS_TABLES,
        ),
    output:
        methods=kept(f"{RESULTS}/figures/methods.md"),
        methods_record=kept(f"{RESULTS}/figures/methods.md.record.json"),
    log:
        f"{RESULTS}/logs/write_methods/all.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_methods/all.tsv"
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("write_methods"),
        settings=ANALYSIS.methods_settings(),
    message:
        "Write the methods section"
    script:
        "../scripts/write_methods.py"


rule export_areas:
    input:
        tables=expand(
            f"{RESULTS}/{{experiment}}/{{table}}.parquet",
            table=EXPORT_TABLES,
            allow_missing=True,
        ),
    output:
        csv=kept(f"{RESULTS}/{{experiment}}/areas.csv"),
        csv_record=kept(f"{RESULTS}/{{experiment}}/areas.csv.record.json"),
    log:
        f"{RESULTS}/logs/export_areas/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_areas/{{experiment}}.tsv"
    conda:
        "../environment.yml"
    params:
        fingerprint=fingerprint("export_areas"),
    message:
        "Write the areas of {wildcards.experiment} for spreadsheets"
    script:
        "../scripts/export_areas.py"
