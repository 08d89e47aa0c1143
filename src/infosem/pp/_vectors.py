"""Conversion of vectors and matrices of any array type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from reprlib import repr as shown
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from infosem.data._embeddings import dense_numbers


def vectors_of(mapping: Mapping[Any, Any] | pd.Series) -> np.ndarray:
    """Stack the vectors of a mapping from names, ``(names, width)`` float32, with NaN for masked or missing numbers."""
    rows = [_vector(name, vector) for name, vector in mapping.items()]
    widths = sorted({len(row) for row in rows})
    if len(widths) > 1:
        raise ValueError(f"All vectors must have the same length; they have {widths[:5]}.")
    return np.stack(rows) if rows else np.empty((0, 0), dtype=np.float32)


def matrix_of(values: Any) -> Any:
    """Convert a dense, sparse, masked or torch matrix to a float32 array. Return anything else unchanged."""
    if not is_array(values) or values.ndim != 2:
        return values
    dense = _plain_array(values)
    try:
        return single(dense.astype(np.float64) if dense.dtype.kind in "US" else dense_numbers(dense, "array"))
    except ValueError as error:
        such = shown(dense.ravel()[:3].tolist())
        raise ValueError(
            f"The array of embeddings has the type {dense.dtype}, such as {such}; expected real numbers: "
            "array.astype(float)."
        ) from error


def is_array(values: Any) -> bool:
    """Return whether ``values`` is a numpy array, a torch tensor or a sparse matrix."""
    return isinstance(values, np.ndarray) or sparse.issparse(values) or hasattr(values, "detach")


def single(values: np.ndarray) -> np.ndarray:
    """Convert to single precision, with overflow to infinity."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return values.astype(np.float32)


def _plain_array(values: Any) -> np.ndarray:
    """Convert to a dense numpy array. A masked array stays masked."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.to_dense() if values.is_sparse else values
        return np.asarray(values.double() if values.is_floating_point() else values)
    if sparse.issparse(values):
        return np.asarray(values.toarray())
    return values if isinstance(values, np.ma.MaskedArray) else np.asarray(values)


def _vector(name: Any, vector: Any) -> np.ndarray:
    """Convert one vector. Only the outermost level is checked, because a small pickle can nest without end."""
    try:
        if is_array(vector):
            numbers = _plain_array(vector)
        elif isinstance(vector, pd.Series):
            numbers = vector.to_numpy(dtype=np.float64, na_value=np.nan)
        elif hasattr(vector, "__array__"):
            numbers = np.asarray(vector)
        elif isinstance(vector, Iterable) and not isinstance(vector, str | bytes | Mapping):
            return _of_sequence(name, list(vector))
        else:
            raise TypeError(f"it is {shown(vector)}")
        if numbers.size != max(numbers.shape, default=0):
            raise TypeError(f"it has the shape {numbers.shape}")
        numbers = numbers.ravel()
        if numbers.dtype.kind == "O":
            return _of_sequence(name, numbers.tolist())
        return single(dense_numbers(numbers, "it") if numbers.dtype.kind not in "US" else numbers.astype(np.float64))
    except (TypeError, ValueError) as error:
        raise ValueError(f"The vector of {name!r} is not a sequence of numbers ({error}).") from error


def _of_sequence(name: Any, entries: list[Any]) -> np.ndarray:
    if len(entries) == 1 and isinstance(entries[0], list | tuple | np.ndarray):
        entries = list(entries[0])  # a row of a matrix
    for kind in set(map(type, entries)):
        nested = issubclass(kind, Iterable) and kind is not str and not issubclass(kind, np.generic)
        if nested and any(getattr(entry, "ndim", 1) for entry in entries if type(entry) is kind):
            raise TypeError(f"it holds a {kind.__name__}")
        if issubclass(kind, complex | np.complexfloating):
            raise TypeError("it holds complex numbers")
    return single(np.array([np.nan if entry is np.ma.masked else entry for entry in entries], dtype=np.float64))
