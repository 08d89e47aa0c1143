"""Counts as if their rates had been others: thinned, and diluted with the mean profile."""

from __future__ import annotations

import numpy as np
from scipy import sparse

_LEAST_MEAN = 0.05


def log_rate_sd(counts: sparse.csr_matrix, total: np.ndarray) -> np.ndarray:
    r"""Estimate how much the log rate of each gene varies between cells, beyond sampling, ``(G,)``.

    .. math:: \sigma_j = \sqrt{\log(1 + v_j)}, \qquad
              v_j = \max\Big(0, \frac{\sum_c (C_{cj} - p_j T_c)^2 - C_{cj}}{\sum_c (p_j T_c)^2}\Big), \qquad
              p_j = \frac{\sum_c C_{cj}}{\sum_c T_c}

    :math:`v_j` estimates the squared coefficient of variation of the rates relative to the total, by moments. For
    log-normal rates, :math:`\sigma_j` is the standard deviation of their logarithm. A gene with fewer than 0.05 counts
    per cell, whose own estimate is mostly noise, gets the median of the others.

    Parameters
    ----------
    counts
        Counts :math:`C`, ``(N, G)``.
    total
        Total counts :math:`T` of the cells, ``(N,)``.
    """
    sums, squares = (np.asarray(matrix.sum(axis=0)).ravel() for matrix in (counts, counts.multiply(counts)))
    share = sums / total.sum()
    expected = share**2 * (total**2).sum()
    excess = squares - 2 * share * np.asarray(counts.T @ total).ravel() + expected - sums
    variance = np.divide(excess, expected, out=np.zeros(len(share)), where=expected > 0)
    sd = np.sqrt(np.log1p(np.maximum(0, variance)))
    rare = sums < _LEAST_MEAN * counts.shape[0]
    return sd if rare.all() else np.where(rare, np.median(sd[~rare]), sd)


def resample(
    counts: sparse.csr_matrix,
    total: np.ndarray,
    group: np.ndarray,
    *,
    kept: np.ndarray,
    own: np.ndarray,
    rng: np.random.Generator,
) -> tuple[sparse.csr_matrix, np.ndarray]:
    r"""Draw counts whose rates are lower, and vary less between cells, in each group of cells.

    .. math:: C'_{cj} \sim \mathrm{Binomial}(C_{cj}, q_{gj} a_{gj}) + \mathrm{Poisson}(q_{gj} (1 - a_{gj}) p_j T_c)

    If :math:`C_{cj}` is Poisson with the rate :math:`\lambda_{cj}`, then :math:`C'_{cj}` is Poisson with the rate
    :math:`q_{gj} (a_{gj} \lambda_{cj} + (1 - a_{gj}) p_j T_c)`, where :math:`p_j T_c` is what a cell with this total
    has of the gene on average. The rest of the total, the genes that are not in ``counts``, is thinned by the mean of
    :math:`q`.

    Parameters
    ----------
    counts, total
        Counts ``(N, G)`` and totals over all genes ``(N,)``.
    group
        Number of each cell's group, ``(N,)``.
    kept, own
        Shares :math:`q` and :math:`a` in [0, 1], groups x genes.
    rng
        Random number generator.

    Returns
    -------
    Counts ``(N, G)`` and totals ``(N,)``.
    """
    sums = np.asarray(counts.sum(axis=1)).ravel()
    share = np.asarray(counts.sum(axis=0)).ravel() / total.sum()
    blocks, order = [], []
    for g in range(len(kept)):
        rows = np.flatnonzero(group == g)
        thinned = rng.binomial(counts[rows].toarray().astype(np.int64), kept[g] * own[g])
        added = rng.poisson(total[rows, None] * (kept[g] * (1 - own[g]) * share))
        blocks.append(sparse.csr_matrix((thinned + added).astype(np.float32)))
        order.append(rows)
    drawn = sparse.vstack(blocks, format="csr")[np.argsort(np.concatenate(order))]
    rest = rng.binomial(np.rint(total - sums).astype(np.int64), kept.mean())
    return drawn, np.asarray(drawn.sum(axis=1)).ravel() + rest
