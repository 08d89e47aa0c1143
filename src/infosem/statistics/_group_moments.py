r"""Covariation of the genes within groups of cells, and what the differences between the groups' means tell.

The values of each gene are centred within every group, and within every batch of a group: a batch need not shift a gene
in a type of cells that does not express it. All groups share one unit, the gene's standard deviation within groups, so
that an effect has the same size in groups with more and with less variation. Let :math:`W_g` be the centred cells of
group :math:`g` in these units, :math:`n_g` their number, less that of the batches after the first, and :math:`N` the
sum of all :math:`n_g`. Then

.. math:: S_g = W_g^T W_g / n_g, \qquad S = \sum_g \tfrac{n_g}{N} S_g, \qquad \operatorname{diag} S = 1 .
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_ndtr

from infosem.statistics._second_moments import Blocks

_LEAST_VARIANCE = 1e-6
_LARGEST_EXCESS = 1e4
_PRIOR_SHARE, _PRIOR_AGREEMENT = 1 / 3, 0.1
"""Prior probability that the groups' means inform on the network, and standard deviation of their agreement if so."""


@dataclass(frozen=True)
class GroupMoments:
    r"""Second moments of the cells within each of :math:`K` groups.

    Attributes
    ----------
    n_cells
        Number of cells :math:`n_g` of each group, ``(K,)``, less that of its batches after the first.
    covariance
        Rows of the regulators of :math:`S_g`, float32 ``(K, R, G)``.
    excess
        Sampling variance of each covariance relative to that of normal values, :math:`\max(1, (Q_{g,ij} - 2
        S_{g,ij}^2) / (S_{g,ii} S_{g,jj}))` with :math:`Q_g` the mean products of squares, float16 ``(K, R, G)``. It is
        large if a few cells, such as doublets or cells of another type, make two genes go together.
    pooled
        Mean covariance over the cells :math:`S`, float32 ``(R, G)``.
    sd
        Standard deviation of each gene within groups, ``(G,)``.
    variance
        Variance of each gene in each group, ``(K, G)``. Its mean over the cells is one.
    of_patterns
        Variance :math:`v^T S v` within groups of each shared pattern :math:`v`, ``(k,)``.
    distortion
        Mean squared covariance of two genes' group means, in units of its sampling variance :math:`1 / N`. It is far
        below one if the groups' means hardly differ.
    means_inform
        Probability that the groups' means tell of the network (:func:`_means_inform`).
    """

    n_cells: np.ndarray
    covariance: np.ndarray
    excess: np.ndarray
    pooled: np.ndarray
    sd: np.ndarray
    variance: np.ndarray
    of_patterns: np.ndarray
    distortion: float
    means_inform: float

    @property
    def shares(self) -> np.ndarray:
        """Share of the cells in each group, ``(K,)``."""
        return self.n_cells / self.n_cells.sum()

    def mean(self, of_groups: np.ndarray) -> np.ndarray:
        """Return the mean over the cells of something that each group has, ``(K, ...)``."""
        return np.tensordot(self.shares.astype(of_groups.dtype), of_groups, 1)

    def scales(self, group: int, regulators: np.ndarray) -> np.ndarray:
        """Return what turns the covariances of a group into correlations, ``(R, G)``."""
        sd = np.sqrt(np.maximum(self.variance[group], _LEAST_VARIANCE)).astype(np.float32)
        return np.outer(1 / sd[regulators], 1 / sd)


def measure_moments(
    blocks: Blocks,
    groups: np.ndarray,
    n_groups: int,
    regulators: np.ndarray,
    possible: np.ndarray,
    patterns: np.ndarray,
    batches: np.ndarray | None = None,
) -> GroupMoments:
    """Measure the covariation within groups in two passes over the cells.

    Parameters
    ----------
    blocks
        Standardised expression. Entries that are not counted are zero.
    groups
        Group of each cell, from zero, ``(N,)``. Cells of group -1 are left out.
    n_groups
        Number of groups.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    patterns
        Patterns that many genes share, ``(G, k)``.
    batches
        Batch of each cell, from zero, ``(N,)``.
    """
    strata, group_of = _strata(groups, batches)
    of_group = group_of == np.arange(n_groups)[:, None]
    n_of_group = np.bincount(groups[groups >= 0], minlength=n_groups).astype(np.float64)
    n_cells = n_of_group - np.maximum(of_group.sum(1) - 1, 0)
    n_counted, sums, squares = (np.zeros((len(group_of), possible.shape[1])) for _ in range(3))
    for stratum, z in _by_stratum(blocks, strata):
        n_counted[stratum] += (z != 0).sum(0)
        sums[stratum] += z.sum(0, dtype=np.float64)
        squares[stratum] += np.square(z).sum(0, dtype=np.float64)
    centre = sums / np.maximum(n_counted, 1)
    squares = of_group @ np.maximum(squares - n_counted * np.square(centre), 0)
    within_variance = np.maximum(squares.sum(0) / n_cells.sum(), _LEAST_VARIANCE)

    covariance = np.zeros((n_groups, *possible.shape), dtype=np.float32)
    of_squares = np.zeros_like(covariance)
    of_patterns = np.zeros(patterns.shape[1])
    scale, patterns = (1 / np.sqrt(within_variance)).astype(np.float32), patterns.astype(np.float32)
    for stratum, z in _by_stratum(blocks, strata):
        group = group_of[stratum]
        w = np.where(z != 0, (z - centre[stratum].astype(np.float32)) * scale, np.float32(0))
        covariance[group] += w[:, regulators].T @ w
        w_squared = np.square(w)
        of_squares[group] += w_squared[:, regulators].T @ w_squared
        of_patterns += np.square(w @ patterns).sum(0, dtype=np.float64)
    covariance /= np.maximum(n_cells, 1)[:, None, None]
    variance = squares / np.maximum(n_cells, 1)[:, None] / within_variance
    excess = np.ones(covariance.shape, dtype=np.float16)
    shares, mean_excess = (n_cells / n_cells.sum()).astype(np.float32), np.zeros(possible.shape, dtype=np.float32)
    for group, n in enumerate(n_cells):
        expected = np.maximum(np.outer(variance[group, regulators], variance[group]), _LEAST_VARIANCE)
        found = of_squares[group] / max(n, 1) - 2 * np.square(covariance[group])
        excess[group] = np.clip(found / expected, 1, _LARGEST_EXCESS)
        mean_excess += shares[group] * excess[group].astype(np.float32)
    between, of_means = _of_means(of_group @ sums / np.maximum(n_of_group, 1)[:, None], n_cells, regulators)
    pooled = np.tensordot(shares, covariance, 1)
    in_standard_errors = pooled / np.sqrt(mean_excess / np.float32(n_cells.sum()))
    return GroupMoments(
        n_cells=n_cells,
        covariance=covariance,
        excess=excess,
        pooled=pooled,
        sd=np.sqrt(within_variance).astype(np.float32),
        variance=variance,
        of_patterns=of_patterns / n_cells.sum(),
        distortion=float(np.square(between[possible]).mean() * n_cells.sum()) if possible.any() else 0.0,
        means_inform=_means_inform(in_standard_errors, of_means, regulators, possible),
    )


def _strata(groups: np.ndarray, batches: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the stratum of each cell, a batch of a group, ``(N,)``, and the group of each stratum.

    Cells without a group have the stratum -1.
    """
    pairs = np.stack([groups, np.zeros_like(groups) if batches is None else batches])
    strata = np.full(len(groups), -1)
    kept = groups >= 0
    found, strata[kept] = np.unique(pairs[:, kept], axis=1, return_inverse=True)
    return strata, found[0]


def _by_stratum(blocks: Blocks, strata: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Iterate over the cells of each block by stratum."""
    start = 0
    for z in blocks():
        of_cells = strata[start : start + len(z)]
        start += len(z)
        for stratum in np.unique(of_cells[of_cells >= 0]):
            yield int(stratum), z[of_cells == stratum]


def _of_means(means: np.ndarray, n_cells: np.ndarray, regulators: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance and the correlation over the cells of the group means of two genes, ``(R, G)``."""
    shares = n_cells / n_cells.sum()
    centred = np.sqrt(shares)[:, None] * (means - shares @ means)
    sd = np.sqrt(np.square(centred).sum(0))
    unit = centred / np.where(sd > 0, sd, 1)
    return centred[:, regulators].T @ centred, unit[:, regulators].T @ unit


def _means_inform(within: np.ndarray, of_means: np.ndarray, regulators: np.ndarray, possible: np.ndarray) -> float:
    r"""Return the probability that differences between the groups' means are partly caused by the network.

    If so, two genes that go together within groups also tend to go together in their means. With the correlation
    :math:`r_{ij}` within groups, in standard errors, and that of the means, :math:`m_{ij}`, less its mean over all
    pairs, their agreement is

    .. math:: t = \frac{\sum_{ij} r_{ij} |r_{ij}|\, m_{ij}}{\sum_{ij} r_{ij}^2}, \qquad
              s^2 = \overline{m^2}\, \frac{\sum_{ij} r_{ij}^4}{(\sum_{ij} r_{ij}^2)^2}

    where :math:`s` is the standard error of :math:`t` if the means are independent of the network. In that case
    :math:`t \sim N(0, s^2)`. Otherwise :math:`t \sim N(\tau, s^2)` with an unknown :math:`\tau > 0` that has a
    half-normal prior. Few groups leave the prior probability nearly unchanged.

    Parameters
    ----------
    within, of_means
        Correlation within groups, in standard errors, and of the groups' means, ``(R, G)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    """
    once = possible.copy()
    # two regulators are one pair of genes
    once[:, regulators] &= ~np.tril(possible[:, regulators].T)
    m = of_means[once]
    weight = np.square(within[once], dtype=np.float64)
    if not weight.sum() or not np.ptp(m):
        return 0.0
    m = m - m.mean()
    t = float((weight * np.sign(within[once])) @ m / weight.sum())
    variance = float(np.square(m).mean() * np.square(weight).sum() / np.square(weight.sum()))
    share = _PRIOR_AGREEMENT**2 / (_PRIOR_AGREEMENT**2 + variance)
    log_odds = (
        np.log(2 * _PRIOR_SHARE / (1 - _PRIOR_SHARE))
        + 0.5 * np.log1p(-share)
        + 0.5 * share * t**2 / variance
        + log_ndtr(t * np.sqrt(share / variance))
    )
    return float(expit(log_odds))
