"""Whether zeros carry information."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import sparse

_GENES = 300
_NEGLIGIBLE, _STANDARD_ERRORS = 0.05, 4.0
"""Largest excess over one of the mean chi-square of two genes' zeros, absolute and in standard errors. The mean is one
if zeros are independent."""


def zeros_go_together(blocks: Iterable[np.ndarray], n_genes: int, stratum: np.ndarray) -> bool:
    r"""Return whether zeros carry information, because the zeros of two genes depend on each other.

    The 2 x 2 table of the zeros of two genes has the chi-square statistic :math:`N \phi^2`. If values were lost at
    random, its mean is one. If a zero says that there was little to count, genes that are expressed together are zero
    together, and the mean is larger. Zeros occur together if the mean over the :math:`P` pairs of up to 300 genes is
    above one by more than .05 and by more than four standard errors, :math:`\sqrt{2 / P}`. :math:`\phi` is the
    correlation within strata, because batches and groups may differ in how many values they lose. :math:`N` is the
    number of cells less that of the strata, so that many small strata do not look like zeros that go together.

    Parameters
    ----------
    blocks
        Expression in blocks of cells.
    n_genes
        Number of genes.
    stratum
        Batch and group of each cell, as one integer, ``(N,)``.
    """
    genes = np.unique(np.linspace(0, n_genes - 1, _GENES).astype(int))
    n_strata = int(stratum.max()) + 1
    start, products, sums = 0, np.zeros((len(genes), len(genes))), np.zeros((n_strata, len(genes)))
    for block in blocks:
        detected = (block[:, genes] != 0).astype(np.float64)
        here = np.arange(len(detected))
        sums += sparse.csr_matrix((np.ones(len(here)), (stratum[start + here], here)), (n_strata, len(here))) @ detected
        start += len(detected)
        products += detected.T @ detected
    n = np.bincount(stratum, minlength=n_strata)[:, None]
    means = sums / np.maximum(n, 1)
    covariance = (products - sums.T @ means) / start
    variance = covariance.diagonal()
    mixed = variance > 1e-9
    if mixed.sum() < 2:
        return True
    sd = np.sqrt(variance[mixed])
    phi = covariance[np.ix_(mixed, mixed)] / np.outer(sd, sd)
    chi_square = ((start - np.count_nonzero(n)) * np.square(phi))[np.triu_indices(len(sd), 1)]
    chance = _STANDARD_ERRORS * np.sqrt(2 / len(chi_square))
    return bool(chi_square.mean() > 1 + max(_NEGLIGIBLE, chance))
