"""Correlations of genes, and their signs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from infosem.data._moments import Moments

_SIGNIFICANT = 1.96


def signs_beyond_noise(correlation: np.ndarray, n_cells: int) -> np.ndarray:
    """Return the sign of each correlation, int8. It is zero within 1.96 standard errors of zero."""
    beyond_noise = np.abs(correlation) * np.sqrt(n_cells) > _SIGNIFICANT
    return np.where(beyond_noise, np.sign(correlation), 0).astype(np.int8)


def pearson_correlation(blocks: Iterable[np.ndarray], rows: np.ndarray, n_genes: int) -> np.ndarray:
    """Return Pearson correlations of the genes ``rows`` with all genes, ``(R, G)``. Constant genes have zero.

    Parameters
    ----------
    blocks
        Expression in blocks of cells, float64.
    rows
        Columns of the genes, ``(R,)``.
    n_genes
        Number :math:`G` of genes.
    """
    moments, products, n_cells = Moments.empty(n_genes), np.zeros((len(rows), n_genes)), 0
    for block in blocks:
        products += block[:, rows].T @ block
        moments.add(block, np.ones_like(block, dtype=bool))
        n_cells += len(block)
    covariance = products / n_cells - np.outer(moments.mean[rows], moments.mean)
    sd = moments.sd()
    scale = np.outer(sd[rows], sd)
    return np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0)
