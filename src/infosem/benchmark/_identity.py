"""Text representation of values that identifies their content across processes."""

from __future__ import annotations

from pathlib import Path
from pickle import PicklingError
from typing import Any

import joblib
import numpy as np
import pandas as pd


def content(value: Any) -> str:
    """Return a text that is equal for two values only if their content is equal.

    Simple values are represented by ``repr``. Arrays, tables and other objects, of which ``repr`` is shortened or
    contains an address, are represented by a hash of their content.
    """
    if _is_written_out(value):
        return repr(value)
    if isinstance(value, pd.DataFrame):
        # by column, because the memory layout of pandas depends on how the table was made
        columns = [_in_order(value.iloc[:, i].to_numpy()) for i in range(value.shape[1])]
        return f"DataFrame({joblib.hash([value.columns.to_list(), _in_order(value.index.to_numpy()), columns])})"
    if isinstance(value, np.ndarray):
        value = _in_order(value)
    try:
        return f"{type(value).__qualname__}({joblib.hash(value)})"
    except (PicklingError, TypeError, AttributeError):
        return repr(value)  # a lambda differs between processes, so that it never counts as equal


def _in_order(values: np.ndarray) -> np.ndarray:
    """Return a contiguous copy, because joblib hashes the memory layout of views."""
    return np.array(values, order="C")


def _is_written_out(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_written_out, value))
    if isinstance(value, dict):
        return all(_is_written_out(item) for pair in value.items() for item in pair)
    return value is None or type(value) in (bool, int, float, str) or isinstance(value, Path)
