"""Validation of gene embeddings in AnnData."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

_MOST = 1e3
"""Size relative to the typical size, beyond which a single gene dominates the embeddings."""
_SAME = 1e-6
"""Difference relative to the typical size, below which genes do not differ in single precision."""


def checked_embeddings(values: Any, genes: Sequence[str], *, name: str) -> np.ndarray:
    """Validate embeddings and rescale them by a common factor, which does not affect the model.

    Parameters
    ----------
    values
        One row per gene: an array, masked array, sparse matrix or table of any numeric type.
    genes
        Names of the genes, ``(G,)``.
    name
        Place of the embeddings, for messages.

    Returns
    -------
    ``(G, d)`` float32, with NaN in the rows of genes without an embedding. The values are scaled to a size near one by
    a power of two, which is exact.

    Raises
    ------
    ValueError
        If fewer than two genes have a vector, values are infinite, one vector is so large that it dominates all others,
        or all vectors are equal.
    """
    embeddings = dense_numbers(values, name)
    if embeddings.ndim != 2 or embeddings.shape[1] == 0 or len(embeddings) != len(genes):
        raise ValueError(f"{name} has shape {embeddings.shape}, expected (genes, width): one vector per gene.")
    size = np.maximum(embeddings.max(1), -embeddings.min(1))
    without = "a gene without an embedding has a row of NaN"
    if np.isinf(size).any():
        raise ValueError(f"{name} holds infinite values, such as for {genes[np.isinf(size).argmax()]}; {without}.")
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
            f"gene, which would dominate all others. Give it a row of NaN, or divide each row by its norm."
        )
    kept = embeddings[present]
    if (kept.max(0) - kept.min(0)).max() <= _SAME * typical:
        raise ValueError(
            f"{name} has the same vector for all genes, which carries no information. Check how it was made, or switch "
            "the prior off with embedding_key=None."
        )
    return np.ldexp(embeddings, -np.frexp(typical)[1]).astype(np.float32, copy=False)


def dense_numbers(values: Any, name: str) -> np.ndarray:
    """Convert to a dense floating-point array, with NaN for masked or missing entries."""
    if sparse.issparse(values):
        values = values.toarray()
    elif isinstance(values, pd.DataFrame):
        values = values.to_numpy(dtype=float, na_value=np.nan) if _is_numeric(values) else values.to_numpy(dtype=object)
    masked = np.ma.asarray(values)
    try:
        if masked.dtype.kind not in "biufO":
            raise TypeError(f"it has the type {masked.dtype}")
        kept = masked if masked.dtype in (np.float32, np.float64) else masked.astype(np.float64)
        return np.asarray(np.ma.filled(kept, np.nan))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not numeric ({error}); expected one vector of numbers per gene.") from error


def _is_numeric(table: pd.DataFrame) -> bool:
    return all(pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes)
