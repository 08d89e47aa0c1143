"""What a value holds, as text: the same for the same content in every process, another for anything else."""

from __future__ import annotations

from pathlib import Path
from pickle import PicklingError
from typing import Any

import joblib
import numpy as np
import pandas as pd


def content(value: Any) -> str:
    """A text that two values share only if they hold the same.

    Of what is written out in full by ``repr`` that; of arrays, tables and other objects, whose ``repr`` is shortened or
    names an address, a hash of everything in them.
    """
    if _is_written_out(value):
        return repr(value)
    if isinstance(value, pd.DataFrame):
        # column by column: how pandas lays them out in memory depends on how the table was made
        columns = [_in_order(value.iloc[:, i].to_numpy()) for i in range(value.shape[1])]
        return f"DataFrame({joblib.hash([value.columns.to_list(), _in_order(value.index.to_numpy()), columns])})"
    if isinstance(value, np.ndarray):
        value = _in_order(value)
    try:
        return f"{type(value).__qualname__}({joblib.hash(value)})"
    except (PicklingError, TypeError, AttributeError):
        return repr(value)  # a lambda: another one in every process, so that nothing is taken for the same


def _in_order(values: np.ndarray) -> np.ndarray:
    """The same values without the gaps and turns of a view, which count as content for joblib."""
    return np.array(values, order="C")


def _is_written_out(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_written_out, value))
    if isinstance(value, dict):
        return all(_is_written_out(item) for pair in value.items() for item in pair)
    return value is None or type(value) in (bool, int, float, str) or isinstance(value, Path)
