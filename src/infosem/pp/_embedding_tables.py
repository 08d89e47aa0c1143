"""Which part of a table is names, and which is vectors."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from infosem._names import listed

logger = logging.getLogger(__name__)


def names_and_vectors(table: pd.DataFrame) -> tuple[pd.Index, np.ndarray]:
    """The names of a table's rows, and their vectors, ``(rows, width)`` float32.

    Numbers may be of any type. The names are the index, if it is text without repetitions, or else the only column of
    text, or the only one without repetitions; of several candidates none is taken.

    Raises
    ------
    ValueError
        If it cannot be told which column is the names, or there are no numbers.
    """
    if isinstance(table.index, pd.MultiIndex):
        raise ValueError(f"The table has an index of {table.index.nlevels} levels. Name the genes by one of them.")
    numbers = _numbers(table)
    text = [column for column in range(table.shape[1]) if column not in numbers]
    if not numbers:
        raise ValueError(
            f"The table of embeddings has no column of numbers, but {listed(list(table.columns)) or 'none'}."
        )
    vectors = np.column_stack([numbers[column] for column in sorted(numbers)]).astype(np.float32)
    names = _names(table, text)
    left_out = [table.columns[column] for column in text if names != column]
    if left_out:
        logger.info(
            "The names of the embeddings are %s; columns of text are left out: %s.",
            "the table's index" if names is None else f"its column {table.columns[names]!r}",
            listed([str(column) for column in left_out]),
        )
    return table.index if names is None else pd.Index(table.iloc[:, names]), vectors


def vectors_of(mapping: Mapping[Hashable, Any]) -> np.ndarray:
    """The vectors of a mapping from names, ``(names, width)`` float32."""
    rows = []
    for name, vector in mapping.items():
        try:
            rows.append(np.asarray(vector, dtype=np.float32).ravel())
        except (TypeError, ValueError) as error:
            raise ValueError(f"The vector of {name!r} is no sequence of numbers ({error}).") from error
    widths = sorted({len(row) for row in rows})
    if len(widths) != 1:
        raise ValueError(f"All vectors must have one length; they have {widths[:5] or 'none'}.")
    return np.stack(rows)


def _numbers(table: pd.DataFrame) -> dict[int, np.ndarray]:
    """The columns of numbers, also of numbers as objects; of numbers as text, if there are no others."""
    found: dict[int, np.ndarray] = {}
    as_text: dict[int, np.ndarray] = {}
    for column in range(table.shape[1]):
        values = table.iloc[:, column]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            found[column] = values.to_numpy(dtype=np.float64, na_value=np.nan)
        elif (converted := _converted(values)) is not None:
            written = values.map(lambda value: isinstance(value, str)).any()
            (as_text if written else found)[column] = converted
    return found or as_text


def _converted(values: pd.Series) -> np.ndarray | None:
    if values.map(lambda value: isinstance(value, bool | np.bool_)).any():
        return None
    try:
        return pd.to_numeric(values.astype(object)).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return None


def _names(table: pd.DataFrame, text: list[int]) -> int | None:
    """Position of the column of the names, ``None`` for the index."""
    # Entrez' identifiers may be text
    index_is_text = any(isinstance(name, str) and not name.isdigit() for name in table.index)
    if not text or (index_is_text and table.index.is_unique):
        return None
    candidates = [column for column in text if table.iloc[:, column].is_unique]
    if len(candidates) == 1 or (len(text) == 1 and not index_is_text):
        return (candidates or text)[0]
    columns = ", ".join(repr(table.columns[column]) for column in text)
    raise ValueError(
        f"Which of the columns of text ({columns}) holds the names of the genes? Make it the index, "
        f"table.set_index({table.columns[text[0]]!r}), or leave the others out, table.drop(columns=...)."
    )
