"""Validation of edge tables from users."""

from __future__ import annotations

from numbers import Integral
from reprlib import repr as shown
from typing import Any

import numpy as np
import pandas as pd

from infosem.data._checks import require_columns, require_unique_columns

_HINT = "Pass model.get_edges(), or infosem.get.network(adata)."


def checked_edges(edges: Any, name: str = "edges", *, unique: bool = True) -> pd.DataFrame:
    """Validate a table of weighted edges and bring it to a common form.

    Parameters
    ----------
    edges
        Table from the user, which is not modified.
    name
        Name of the argument, for messages.
    unique
        Whether each pair may be listed only once.

    Returns
    -------
    Table with the same rows and columns and a default index. ``source`` and ``target`` are text without missing
    values. ``weight`` is finite, and so is its square.

    Raises
    ------
    TypeError
        If ``edges`` is not a table.
    ValueError
        If a column is missing or malformed.
    """
    require_columns(edges, ("source", "target", "weight"), name, hint=_HINT)
    require_unique_columns(edges, name)
    other = [column for column in edges.columns if not isinstance(column, str)]
    if other:
        raise ValueError(
            f"{name} has the column {other[0]!r}, whose name is not text. Rename it: {name}.rename(columns=str)."
        )
    table = _with_names(edges, name)
    weights = numbers(edges, "weight", name)
    largest = np.sqrt(np.finfo(weights.dtype).max)  # larger weights have infinite sums and products
    wrong = ~(np.abs(weights) < largest)
    if wrong.any():
        at = int(wrong.argmax())
        raise ValueError(
            f"{name} has {wrong.sum()} rows whose weight is missing, infinite or beyond {largest:.0e}; the first is "
            f"{name}.iloc[{at}] with weight={_value(edges, 'weight', at)}. Leave them out: "
            f'{name}[pd.to_numeric({name}["weight"]).abs() < {largest:.0e}].'
        )
    if weights.dtype != edges["weight"].dtype:
        table["weight"] = weights
    if unique:
        _require_unique_pairs(table, name)
    return table


def checked_pairs(table: Any, name: str) -> pd.DataFrame:
    """Return the columns ``source`` and ``target`` as text without missing values. Pairs may be repeated."""
    require_columns(table, ("source", "target"), name)
    return _with_names(table[["source", "target"]], name)


def edge_signs(edges: pd.DataFrame, name: str = "edges") -> np.ndarray:
    """Return the sign of each edge, ``(E,)``, from the column ``sign`` (0 or missing = unknown), or from the weight."""
    if "sign" not in edges:
        return np.sign(edges["weight"].to_numpy()).astype(int)
    hint = f'Translate it: {name}.assign(sign={name}["sign"].map({{"activation": 1, "repression": -1}})).'
    return np.sign(np.nan_to_num(numbers(edges, "sign", name, hint=hint))).astype(int)


def numbers(table: pd.DataFrame, column: str, name: str, *, hint: str = "") -> np.ndarray:
    """Return the numbers in a column, which may be stored as text, with NaN for missing values.

    Parameters
    ----------
    table, column
        Table, and name of the column.
    name
        Name of the table, for messages.
    hint
        Call that mends a column with other values. By default a call that leaves them out.

    Raises
    ------
    ValueError
        If a value is not a number. The message shows it.
    """
    values = table[column]
    is_real = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_complex_dtype(values.dtype)
    if is_real and isinstance(values.dtype, np.dtype):
        return values.to_numpy(dtype=values.dtype if values.dtype in (np.float32, np.float64) else np.float64)
    if is_real:
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    objects = values.astype(object).to_numpy()
    result = np.full(len(objects), np.nan)
    for at in np.flatnonzero(~pd.isna(objects)):
        try:
            result[at] = float(objects[at])
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"{name}.iloc[{at}] has {column}={shown(objects[at])}, expected a number. "
                + (hint or f'Leave out such rows: {name}[pd.to_numeric({name}["{column}"], "coerce").notna()].')
            ) from error
    return result


def _with_names(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a shallow copy of a table with genes as text and a default index."""
    table = table.copy(deep=False)
    table.index = pd.RangeIndex(len(table))
    for column in ("source", "target"):
        names = _names(table, column, name)
        try:
            table[column] = names
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{name}[{column!r}] has a gene called {error.object!r}, whose character {error.object[error.start]!r} "
                "is half of one, which pandas 3 cannot hold. Rename that gene."
            ) from error
    return table


def _names(table: pd.DataFrame, column: str, name: str) -> np.ndarray:
    """Return the genes in a column as text. Integers, such as Entrez identifiers, are converted."""
    values = table[column].astype(object).to_numpy()
    missing = pd.isna(values)
    if missing.any():
        raise ValueError(
            f"{name} has no {column} in {missing.sum()} of {len(table)} rows, the first is {name}.iloc"
            f'[{missing.argmax()}]. Leave them out: {name}.dropna(subset=["source", "target"]).'
        )
    if pd.api.types.infer_dtype(values, skipna=False) not in ("string", "empty"):
        for at, value in enumerate(values):
            if not isinstance(value, (str, Integral)) or isinstance(value, bool):
                raise ValueError(
                    f"{name}.iloc[{at}] has {column}={shown(value)}, expected the name of a gene, which is text or a "
                    f'whole number. Where they became floating-point: {name}.astype({{"{column}": "Int64"}}).'
                )
        values = np.array([str(value) for value in values], dtype=object)
    empty = values == ""
    if empty.any():
        raise ValueError(
            f"{name} has an empty {column} in {empty.sum()} of {len(table)} rows, the first is {name}.iloc"
            f'[{empty.argmax()}]. Leave them out: {name}[{name}["{column}"] != ""].'
        )
    return values


def _require_unique_pairs(table: pd.DataFrame, name: str) -> None:
    repeated = table.duplicated(["source", "target"]).to_numpy()
    if repeated.any():
        source, target = table.loc[repeated.argmax(), ["source", "target"]]
        raise ValueError(
            f"{repeated.sum()} of {len(table)} rows of {name} list a pair again, such as {source} -> {target}. Keep "
            f'one row of each: {name}.drop_duplicates(["source", "target"]), or of joined tables the strongest: '
            f'{name}.sort_values("weight", key=abs, ascending=False).drop_duplicates(["source", "target"]).'
        )


def _value(table: pd.DataFrame, column: str, at: int) -> str:
    return shown(table[column].iloc[[at]].astype(object).iloc[0])
