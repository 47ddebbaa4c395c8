# Needs: the tables a figure's kind draws from.
# Makes: figures/<figure>.pdf with the plotted numbers (.csv) and the caption (.md) beside it.
# Steps: render_figure draws one figure from tables alone.


rule render_figure:
    input:
        tables=ANALYSIS.figure_inputs,
    output:
        pdf=kept(f"{RESULTS}/figures/{{figure}}.pdf"),
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
