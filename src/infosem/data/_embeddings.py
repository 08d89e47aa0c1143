"""Text embeddings of the genes as they are found in AnnData: what can be used, and what cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

_MOST = 1e3
"""Times the typical size, beyond which one gene is nearly all that embeddings tell."""
_SAME = 1e-6
"""Of the typical size, within which genes do not differ in single precision."""


def checked_embeddings(values: Any, genes: Sequence[str], *, name: str) -> np.ndarray:
    """Embeddings as the model takes them, up to a common factor, which means nothing.

    Parameters
    ----------
    values
        One row per gene: an array, also a masked one, a sparse matrix or a table, of any type of numbers.
    genes
        Names of the genes, ``(G,)``.
    name
        Where they were found, for messages.

    Returns
    -------
    ``(G, d)`` float32, rows with NaN where a gene has none. They are of a size near one, by a power of two, which
    changes no digit.

    Raises
    ------
    ValueError
        If there is not one vector of finite numbers for each of two genes at least, if one is so much larger than the
        others that it is all that they tell, or if they do not differ.
    """
    embeddings = dense_numbers(values, name)
    if embeddings.ndim != 2 or embeddings.shape[1] == 0 or len(embeddings) != len(genes):
        raise ValueError(f"{name} has shape {embeddings.shape}, expected (genes, width): one vector per gene.")
    size = np.maximum(embeddings.max(1), -embeddings.min(1))
    without = "a gene without an embedding has a row of NaN"
    if np.isinf(size).any():
        raise ValueError(f"{name} holds infinite values, such as of {genes[np.isinf(size).argmax()]}; {without}.")
    present = ~np.isnan(size)
    if present.sum() < 2:
        raise ValueError(
            f"{name} has a vector for {present.sum()} of {len(genes)} genes; the others are NaN. Check that gene names "
            "match (case, symbol or Ensembl id), or switch the prior off with embedding_key=None."
        )
    size = np.where(present, size, 0)
    if not size.any():
        raise ValueError(f"{name} holds zeros only; {without}. Switch the prior off with embedding_key=None.")
    typical = float(np.median(size[size > 0]))
    largest = int(size.argmax())
    if size[largest] > _MOST * typical:
        raise ValueError(
            f"{name} has numbers up to {size[largest]:.3g} for {genes[largest]}, and up to {typical:.3g} for a typical "
            f"gene: nothing would be left of the others. Give it a row of NaN, or divide each row by its norm."
        )
    kept = embeddings[present]
    if (kept.max(0) - kept.min(0)).max() <= _SAME * typical:
        raise ValueError(
            f"{name} has the same vector for all genes, which tells nothing of them. Check how it was made, or switch "
            "the prior off with embedding_key=None."
        )
    return np.ldexp(embeddings, -np.frexp(typical)[1]).astype(np.float32, copy=False)


def dense_numbers(values: Any, name: str) -> np.ndarray:
    """Dense floating-point numbers, NaN where an entry is masked or missing."""
    if sparse.issparse(values):
        values = values.toarray()
    elif isinstance(values, pd.DataFrame):
        values = values.to_numpy(dtype=float, na_value=np.nan) if _is_numeric(values) else values.to_numpy(dtype=object)
    masked = np.ma.asarray(values)
    try:
        if masked.dtype.kind not in "biufO":
            raise TypeError(f"it is of the type {masked.dtype}")
        kept = masked if masked.dtype in (np.float32, np.float64) else masked.astype(np.float64)
        return np.asarray(np.ma.filled(kept, np.nan))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not numeric ({error}); expected one vector of numbers per gene.") from error


def _is_numeric(table: pd.DataFrame) -> bool:
    return all(pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes)
