"""The expression as the methods read it."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from scipy import sparse


def dense_expression(adata: AnnData) -> np.ndarray:
    """Cells x genes in double precision."""
    X = adata.X
    return np.asarray(X.toarray() if sparse.issparse(X) else X, dtype=float)


def standardised_expression(adata: AnnData) -> np.ndarray:
    """Genes x cells in single precision: mean zero, variance one over the cells; all zero for a constant gene."""
    X = dense_expression(adata)
    mean, sd = X.mean(axis=0), X.std(axis=0)
    sd[sd <= 1e-6 * np.abs(mean)] = np.inf  # the mean of equal values is rounded, so that they seem to vary
    return ((X - mean) / sd).T.astype(np.float32)
