"""Separation of names and vectors in a table of embeddings."""

from __future__ import annotations

import logging
import re

import numpy as np
import pandas as pd

from infosem.data._names import listed
from infosem.pp._vectors import single

logger = logging.getLogger(__name__)

_OF_IDENTIFIERS = frozenset(
    {"", "unnamed 0", "index", "id", "entrez", "entrez id", "entrezgene", "entrezgene id", "gene id", "ncbi gene"}
)
"""Titles, in lower case, of numeric columns that identify genes."""


def names_and_vectors(table: pd.DataFrame) -> tuple[pd.Index, np.ndarray]:
    """Return the row names of a table and their vectors, ``(rows, width)`` float32.

    Numbers may be of any type; booleans count as numbers if there are no other numbers. The names are the index, if it
    is text without duplicates, or else the only text column, or the only text column without duplicates. Several
    candidates raise an error. If there are names, integer columns that count the rows or identify genes are left out.

    Raises
    ------
    ValueError
        If the names are ambiguous, there are no numbers, or the table is in long format.
    """
    if isinstance(table.index, pd.MultiIndex):
        raise ValueError(f"The table has an index of {table.index.nlevels} levels. Name the genes by one of them.")
    if not len(table):
        raise ValueError(f"The table of embeddings is empty; it has the shape {table.shape}.")
    numbers = _numbers(table)
    text = [column for column in range(table.shape[1]) if column not in numbers]
    if not numbers:
        raise ValueError(
            f"The table of embeddings has no numeric column. Its columns: {listed(list(table.columns)) or 'none'}."
        )
    _require_wide(table, numbers, text)
    names = _names(table, text)
    if names is not None or not table.index.equals(pd.RangeIndex(len(table))):
        numbers = _without_identifiers(table, numbers)
    vectors = single(np.column_stack([numbers[column] for column in sorted(numbers)]))
    left_out = [table.columns[column] for column in text if names != column]
    if left_out:
        logger.info(
            "The names of the embeddings are %s. Other text columns are left out: %s.",
            "the table's index" if names is None else f"its column {table.columns[names]!r}",
            listed([str(column) for column in left_out]),
        )
    return table.index if names is None else pd.Index(table.iloc[:, names]), vectors


def _numbers(table: pd.DataFrame) -> dict[int, np.ndarray]:
    """Return the numeric columns, also those stored as objects, or else boolean ones, or else numbers as text."""
    found: dict[int, np.ndarray] = {}
    as_text: dict[int, np.ndarray] = {}
    as_truth: dict[int, np.ndarray] = {}
    for column in range(table.shape[1]):
        values = table.iloc[:, column]
        if pd.api.types.is_complex_dtype(values) or values.map(lambda value: isinstance(value, complex)).any():
            raise ValueError(f"The column {table.columns[column]!r} of the embeddings holds complex numbers.")
        if pd.api.types.is_bool_dtype(values):
            as_truth[column] = values.to_numpy(dtype=np.float64, na_value=np.nan)
        elif pd.api.types.is_numeric_dtype(values):
            found[column] = values.to_numpy(dtype=np.float64, na_value=np.nan)
        elif (converted := _converted(values)) is not None:
            written = values.map(lambda value: isinstance(value, str)).any()
            (as_text if written else found)[column] = converted
    return found or as_truth or as_text


def _converted(values: pd.Series) -> np.ndarray | None:
    if values.map(lambda value: isinstance(value, bool | np.bool_)).any():
        return None
    try:
        return pd.to_numeric(values.astype(object)).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return None


def _without_identifiers(table: pd.DataFrame, numbers: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Drop columns that count rows or identify genes, unless all columns do."""
    left_out = [at for at, values in numbers.items() if _identifies(str(table.columns[at]), values)]
    if not left_out or len(left_out) == len(numbers):
        return numbers
    logger.warning(
        "Integer columns that count the rows or identify genes are left out of the embeddings: %s.",
        listed([repr(table.columns[at]) for at in left_out]),
    )
    return {at: values for at, values in numbers.items() if at not in left_out}


def _identifies(title: str, values: np.ndarray) -> bool:
    there = values[~np.isnan(values)]
    if len(there) < 3 or (there != np.floor(there)).any() or len(np.unique(there)) < len(there):
        return False
    counts = len(there) == len(values) and there.max() - there.min() == len(there) - 1 and there.min() in (0, 1)
    return counts or re.sub(r"[\s._:-]+", " ", title).strip().lower() in _OF_IDENTIFIERS


def _require_wide(table: pd.DataFrame, numbers: dict[int, np.ndarray], text: list[int]) -> None:
    """Raise if the table is in long format: one number per row, identified by two columns with duplicates."""
    by_index = any(isinstance(name, str) for name in table.index)
    flat = table.reset_index() if by_index else table
    shift = flat.shape[1] - table.shape[1]
    *rest, value = sorted(numbers)
    keys = [*range(shift), *(at + shift for at in sorted([*text, *rest]))]
    if len(keys) != 2:
        return
    gene, part = (flat.iloc[:, at] for at in keys)
    if max(gene.nunique(), part.nunique()) * 2 > len(table) or pd.DataFrame({"a": gene, "b": part}).duplicated().any():
        return
    titles = [flat.columns[at] for at in (*keys, value + shift)]
    raise ValueError(
        f"Each row of the table is one number of a vector, by {titles[0]!r} and {titles[1]!r}. Pivot it to one row for "
        f"each gene: table{'.reset_index()' if by_index else ''}.pivot(index={titles[0]!r}, columns={titles[1]!r}, "
        f"values={titles[2]!r})."
    )


def _names(table: pd.DataFrame, text: list[int]) -> int | None:
    """Return the position of the column with the names, ``None`` for the index."""
    # Entrez identifiers may be stored as text
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
