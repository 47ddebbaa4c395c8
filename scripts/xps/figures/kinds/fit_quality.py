"""One mark per fit: rows = experiment and window, columns = acquisitions, so that a bad fit is seen at once."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from xps.figures import page, style
from xps.figures.lettering import chemical_label, sample_names
from xps.figures.page import KeyEntry, Sheet
from xps.figures.parts import layout
from xps.figures.reading.frames import POOR_P_VALUE, of_experiment, records

# ASSUME 0.05: where a reader would look twice at one fit; a series holds too many fits to call it bad.
TENSE_P_VALUE = 0.05
_ABSENT = ".area_cps_ev"
_CELL_CM = 0.3
_NARROWEST_CELL_CM, _WIDEST_CELL_CM = 0.3, 0.85
_LEAST_LEFT_CM, _TOP_CM, _HEAD_CM = 3.9, 0.5, 0.5
_INDENT_CM, _GAP_CM = 0.2, 0.12
# Room for the word that says what columns are; a name of an experiment that leaves less stands alone.
_ACQUISITION_CM = 1.7


class _State(NamedTuple):
    """How a fit is shown: the words of the key, the fill, the sign in it and the sign's colour."""

    words: str
    fill: str
    sign: str = ""
    ink: str = "black"


# Lightness falls as it gets worse, and each state has a sign of its own: told apart without colour.
STATES: Mapping[str, _State] = {
    "good": _State("counts agree", "#D6E6F4"),
    "at_bound": _State("a position, width or shape at its bound", "#D6E6F4", "|"),
    "tense": _State(f"p < {TENSE_P_VALUE}", "#F2C14E"),
    "rejected": _State(f"p < {POOR_P_VALUE}: the counts reject it, with its reduced χ²", "#C1121F", "", "white"),
    "failed": _State("fit failed", "#000000", "×", "white"),
    "excluded": _State("excluded by the log", "#E2E2E2", "–"),
    "not_measured": _State("not measured or not fitted", "none"),
}


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return as many pages as the windows need and one row of numbers per fit."""
    numbers = _numbers(of_experiment(tables["fits"], settings), of_experiment(tables["acquisitions"], settings))
    with page.project_style():
        sheets = _sheets(numbers, settings)
        for index, sheet in enumerate(sheets, start=1):
            sheet.footer(data_origin, index, len(sheets))
    return [sheet.figure for sheet in sheets], numbers


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows, with the counts of each state."""
    numbers = _numbers(of_experiment(tables["fits"], settings), of_experiment(tables["acquisitions"], settings))
    counts = numbers["state"].value_counts()
    told = [f"{int(counts[state])} {STATES[state].words}" for state in STATES if state in counts]
    return (
        "Every fit as one mark: rows are fitted windows, columns acquisitions in their order. Windows that one model "
        f"fits together share their chi square. {'; '.join(told)}. Of fits that are all right, one in twenty has "
        f"p < {TENSE_P_VALUE}."
    )


def _numbers(fits: pd.DataFrame, acquired: pd.DataFrame) -> pd.DataFrame:
    """One row per experiment, model, region and acquisition, with the state it is shown in."""
    rows = []
    excluded = set(acquired.loc[acquired["excluded"], ["experiment", "acquisition"]].itertuples(index=False, name=None))
    cycles = acquired.drop_duplicates(["experiment", "acquisition"])
    for (experiment, model, region), own in fits.groupby(["experiment", "model", "region"], sort=False):
        by_number = {row["acquisition"]: row for row in records(own)}
        for number in cycles.loc[cycles["experiment"] == experiment, "acquisition"]:
            fit = by_number.get(number)
            state = "excluded" if (experiment, number) in excluded and fit is None else _state(fit)
            chi = None if fit is None else fit["reduced_chi_square"]
            p_value = None if fit is None else fit["p_value"]
            message = "" if fit is None or fit["success"] else fit["message"]
            rows.append((experiment, model, region, number, state, chi, p_value, message))
    names = ["experiment", "model", "region", "acquisition", "state", "reduced_chi_square", "p_value", "message"]
    return pd.DataFrame(rows, columns=names)


def _state(fit: Mapping[str, Any] | None) -> str:
    if fit is None:
        return "not_measured"
    if not fit["success"]:
        return "failed"
    if fit["p_value"] < POOR_P_VALUE:
        return "rejected"
    # An area at its bound is one at 0: a species that is not there, as other figures say. No warning, nor is its width.
    absent = {name.removesuffix(_ABSENT) for name in fit["bounds_hit"] if name.endswith(_ABSENT)}
    if any(name.rpartition(".")[0] not in absent for name in fit["bounds_hit"]):
        return "at_bound"
    return "tense" if fit["p_value"] < TENSE_P_VALUE else "good"


class _Block(NamedTuple):
    """The windows of one experiment: its name, and for each model and region the fits of all acquisitions."""

    name: str
    rows: list[tuple[Any, pd.DataFrame]]

    @property
    def height_cm(self) -> float:
        return _HEAD_CM + len(self.rows) * _CELL_CM

    @property
    def left_cm(self) -> float:
        """Room that the name and the words before the rows need."""
        words = [page.text_cm(_row_words(*key), style.SMALL_PT) for key, _ in self.rows]
        return max(*words, self.name_cm) + _INDENT_CM + _GAP_CM

    @property
    def name_cm(self) -> float:
        """Width of the name on paper."""
        return page.text_cm(self.name, style.TEXT_PT, "bold")


class _Columns(NamedTuple):
    """How blocks stand side by side: how many, how wide each, from where on marks stand in it, and how wide these."""

    across: int
    width_cm: float
    left_cm: float
    cell_cm: float


def _sheets(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> list[Sheet]:
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    key = page.key_lines(_key(numbers), width_cm)
    blocks = [
        _Block(chemical_label(sample_names(str(name), settings)), list(own.groupby(["model", "region"], sort=False)))
        for name, own in numbers.groupby("experiment", sort=False)
    ]
    most = int(numbers.groupby(["experiment", "model", "region"]).size().max())
    left_cm = max(_LEAST_LEFT_CM, *(block.left_cm for block in blocks))
    # Two columns where the marks stay wide enough: all fits of a project are seen on one page then.
    plans = [_columns(width_cm / across, across, left_cm, most) for across in (2, 1)]
    plan = next(plan for plan in plans if plan.across == 1 or plan.cell_cm >= _NARROWEST_CELL_CM)
    room = style.PAGE_HEIGHT_CM - _TOP_CM - page.key_height_cm(key)
    columns = layout.packed(blocks, lambda block: block.height_cm, room, plan.across)
    return [_sheet(columns[at : at + plan.across], plan, key) for at in range(0, len(columns), plan.across)]


def _columns(width_cm: float, across: int, left_cm: float, acquisitions: int) -> _Columns:
    return _Columns(across, width_cm, left_cm, min(_WIDEST_CELL_CM, (width_cm - left_cm - 0.3) / acquisitions))


def _sheet(columns: Sequence[Sequence[_Block]], plan: _Columns, key: list[list[KeyEntry]]) -> Sheet:
    below, width_cm = page.key_height_cm(key), plan.across * plan.width_cm
    height = _TOP_CM + max(sum(block.height_cm for block in column) for column in columns)
    sheet = Sheet(width_cm, below + height)
    axes = sheet.axes(0, below, width_cm, height)
    axes.set_label("fits")
    axes.set_axis_off()
    axes.set_xlim(0, width_cm)
    axes.set_ylim(0, height)
    for place, column in enumerate(columns):
        y = height - _TOP_CM
        for block in column:
            _draw_block(axes, block, place * plan.width_cm, y, plan)
            y -= block.height_cm
    sheet.key(key)
    return sheet


def _draw_block(axes: Axes, block: _Block, left: float, y: float, plan: _Columns) -> None:
    cell_cm = plan.cell_cm
    axes.text(left + _INDENT_CM, y + 0.15, block.name, fontsize=style.TEXT_PT, fontweight="bold", va="center")
    left += plan.left_cm
    if block.name_cm < plan.left_cm - _ACQUISITION_CM:
        axes.text(left - _GAP_CM, y + 0.13, "acquisition", fontsize=style.SMALL_PT, ha="right", va="center")
    for column, number in enumerate(block.rows[0][1]["acquisition"]):
        if column % max(1, round(0.36 / cell_cm)) == 0:
            axes.text(left + (column + 0.5) * cell_cm, y + 0.13, str(number), fontsize=style.SMALL_PT,
                      ha="center", va="center")  # fmt: skip
    for (model, region), own in block.rows:
        y -= _CELL_CM
        axes.text(left - _GAP_CM, y + _CELL_CM / 2, _row_words(model, region), fontsize=style.SMALL_PT, ha="right",
                  va="center")  # fmt: skip
        for column, fit in enumerate(records(own)):
            _draw_mark(axes, fit, left + column * cell_cm, y, cell_cm)


def _row_words(model: str, region: str) -> str:
    return f"{region}  {model}"


def _draw_mark(axes: Axes, fit: Mapping[str, Any], x: float, y: float, cell_cm: float) -> None:
    state = STATES[fit["state"]]
    gap = 0.03
    box = Rectangle((x + gap, y + gap), cell_cm - 2 * gap, _CELL_CM - 2 * gap, facecolor=state.fill, linewidth=0)
    axes.add_patch(box)
    words = f"{fit['reduced_chi_square']:.2g}" if fit["state"] == "rejected" else state.sign
    if words and (cell_cm > 0.4 or len(words) == 1):
        axes.text(x + cell_cm / 2, y + _CELL_CM / 2, words, fontsize=style.SMALL_PT, color=state.ink, ha="center",
                  va="center_baseline")  # fmt: skip


def _key(numbers: pd.DataFrame) -> list[KeyEntry]:
    shown = [name for name in STATES if name in set(numbers["state"]) and name != "not_measured"]
    return [KeyEntry(STATES[name].words, _swatch(STATES[name])) for name in shown]


def _swatch(state: _State) -> page.Swatch:
    """Return the mark itself, with its sign in the middle."""
    box = page.box_swatch(facecolor=state.fill, linewidth=0)
    if not state.sign:
        return box
    sign = {"|": "|", "–": "_", "×": "x"}[state.sign]
    inside = page.points_swatch(single=True, marker=sign, markersize=3.4, color=state.ink, markeredgewidth=0.6)

    def swatch(x: float, y: float, width: float, height: float) -> list[Artist]:
        return [*box(x, y, width, height), *inside(x, y, width, height)]

    return swatch
