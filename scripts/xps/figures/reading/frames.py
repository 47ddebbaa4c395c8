"""Tables as pandas frames, cut down to what a figure's settings name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa

from xps.errors import ConfigError, known_or_near
from xps.figure_settings import experiments_of

Frames: TypeAlias = Mapping[str, pd.DataFrame]
# ASSUME p < 0.001 means that the counts reject a fit, as for rate laws: a series holds too many fits for 0.05.
POOR_P_VALUE = 0.001


def frames(tables: Mapping[str, pa.Table], settings: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return every table as the rows that the figure is about."""
    held = {name: of_experiment(table, settings) for name, table in tables.items()}
    if "windows" not in settings or "components" not in held:
        return held
    regions = windows_of(settings, held["components"])
    return {name: _within(frame, regions) for name, frame in held.items()}


def windows_of(settings: Mapping[str, Any], components: pd.DataFrame) -> list[tuple[str, str]]:
    """Return model and region of each of the figure's ``windows`` (model and core level), in their order."""
    known = components.drop_duplicates(["model", "core_level"])
    regions = {(row["model"], row["core_level"]): row["region"] for row in records(known)}
    found = []
    for window in settings["windows"]:
        key = (window["model"], window["core_level"])
        if key not in regions:
            check_known("windows", [" ".join(key)], (" ".join(pair) for pair in regions))
        found.append((key[0], str(regions[key])))
    return list(dict.fromkeys(found))


def _within(frame: pd.DataFrame, regions: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return the rows of fitted tables that belong to these models' regions; other tables whole."""
    if not {"model", "region"} <= set(frame):
        return frame
    inside = [pair in set(regions) for pair in zip(frame["model"], frame["region"], strict=True)]
    chosen: pd.DataFrame = frame[inside]
    return chosen


def of_experiment(table: pa.Table, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of the figure's experiments and, where the table knows them, of its models.

    A table of the whole project (without column ``experiment``) is returned whole, as are all experiments where the
    settings name none.
    """
    frame: pd.DataFrame = table.to_pandas()
    named = experiments_of(settings)
    if "experiment" not in frame or not named:
        return frame
    check_known("experiment", named if len(frame) else [], frame["experiment"])
    kept = frame["experiment"].isin(named)
    if "models" in settings and "model" in frame:
        kept &= frame["model"].isin(settings["models"]) | frame["model"].isna()
    chosen: pd.DataFrame = frame[kept]
    return chosen


def chosen(frame: pd.DataFrame, settings: Mapping[str, Any], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows whose columns hold what the settings list; ``columns`` says which setting goes with which.

    ConfigError with near matches where a setting names what the frame does not hold.
    """
    for key, column in columns.items():
        if key in settings:
            check_known(key, settings[key], frame[column])
            frame = frame[frame[column].isin(settings[key])]
    return frame


def check_known(key: str, wanted: Sequence[str], known: Iterable[str]) -> None:
    """Raise ConfigError with near matches when the setting ``key`` names what the tables do not hold."""
    names = [str(name) for name in dict.fromkeys(known)]
    for word in wanted:
        if word not in names:
            raise ConfigError(f"{key}: {word!r} is not in the tables{known_or_near(word, names)}")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as plain mappings; empty cells are None or NaN as pandas holds them."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
