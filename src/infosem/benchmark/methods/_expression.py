"""Expression matrices for the methods."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from scipy import sparse


def dense_expression(adata: AnnData) -> np.ndarray:
    """Return dense expression, cells x genes, in double precision."""
    X = adata.X
    return np.asarray(X.toarray() if sparse.issparse(X) else X, dtype=float)


def standardised_expression(adata: AnnData) -> np.ndarray:
    """Return expression with mean zero and variance one over the cells, genes x cells, in single precision.

    Constant genes are zero.
    """
    X = dense_expression(adata)
    mean, sd = X.mean(axis=0), X.std(axis=0)
    sd[sd <= 1e-6 * np.abs(mean)] = np.inf  # rounding of the mean makes constant genes seem to vary
    return ((X - mean) / sd).T.astype(np.float32)
