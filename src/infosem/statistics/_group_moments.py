r"""Covariation of the genes within groups of cells, and what the differences between the groups' means tell.

The values of each gene are centred within every group. All groups share one unit, the gene's standard deviation within
groups, so that an effect has the same size in groups with more and with less variation. Let :math:`W_g` be the centred
cells of group :math:`g` in these units, :math:`n_g` their number and :math:`N` the number of all cells. Then

.. math:: S_g = W_g^T W_g / n_g, \qquad S = \sum_g \tfrac{n_g}{N} S_g, \qquad \operatorname{diag} S = 1 .
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from infosem.statistics._second_moments import Blocks

_LEAST_VARIANCE = 1e-6
_LARGEST_EXCESS = 1e4
_NEGLIGIBLE, _STANDARD_ERRORS = 0.05, 4.0
"""Largest excess over one of the mean squared correlation of two genes' group means, relative to its expectation if
they are independent: absolute and in standard errors."""


@dataclass(frozen=True)
class GroupMoments:
    r"""Second moments of the cells within each of :math:`K` groups.

    Attributes
    ----------
    n_cells
        Number of cells :math:`n_g` of each group, ``(K,)``.
    covariance
        Rows of the regulators of :math:`S_g`, float32 ``(K, R, G)``.
    excess
        Sampling variance of each covariance relative to that of normal values, :math:`\max(1, (Q_{g,ij} - 2
        S_{g,ij}^2) / (S_{g,ii} S_{g,jj}))` with :math:`Q_g` the mean products of squares, float16 ``(K, R, G)``. It is
        large if a few cells, such as doublets or cells of another type, make two genes go together.
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
        Whether the groups' means tell of the network (:func:`_of_means`).
    """

    n_cells: np.ndarray
    covariance: np.ndarray
    excess: np.ndarray
    sd: np.ndarray
    variance: np.ndarray
    of_patterns: np.ndarray
    distortion: float
    means_inform: bool

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
    """
    n_genes = possible.shape[1]
    n_cells = np.bincount(groups[groups >= 0], minlength=n_groups).astype(np.float64)
    n_counted, sums, squares = (np.zeros((n_groups, n_genes)) for _ in range(3))
    for group, z in _by_group(blocks, groups):
        n_counted[group] += (z != 0).sum(0)
        sums[group] += z.sum(0, dtype=np.float64)
        squares[group] += np.square(z).sum(0, dtype=np.float64)
    centre = sums / np.maximum(n_counted, 1)
    squares = np.maximum(squares - n_counted * np.square(centre), 0)
    within = np.maximum(squares.sum(0) / n_cells.sum(), _LEAST_VARIANCE)

    covariance = np.zeros((n_groups, len(regulators), n_genes), dtype=np.float32)
    of_squares = np.zeros_like(covariance)
    of_patterns = np.zeros(patterns.shape[1])
    scale, patterns = (1 / np.sqrt(within)).astype(np.float32), patterns.astype(np.float32)
    for group, z in _by_group(blocks, groups):
        w = np.where(z != 0, (z - centre[group].astype(np.float32)) * scale, np.float32(0))
        covariance[group] += w[:, regulators].T @ w
        w_squared = np.square(w)
        of_squares[group] += w_squared[:, regulators].T @ w_squared
        of_patterns += np.square(w @ patterns).sum(0, dtype=np.float64)
    covariance /= np.maximum(n_cells, 1)[:, None, None]
    variance = squares / np.maximum(n_cells, 1)[:, None] / within
    excess = np.ones(covariance.shape, dtype=np.float16)
    for group, n in enumerate(n_cells):
        expected = np.maximum(np.outer(variance[group, regulators], variance[group]), _LEAST_VARIANCE)
        found = of_squares[group] / max(n, 1) - 2 * np.square(covariance[group])
        excess[group] = np.clip(found / expected, 1, _LARGEST_EXCESS)
    distortion, means_inform = _of_means(sums / np.maximum(n_cells, 1)[:, None], n_cells, regulators, possible)
    return GroupMoments(
        n_cells=n_cells,
        covariance=covariance,
        excess=excess,
        sd=np.sqrt(within).astype(np.float32),
        variance=variance,
        of_patterns=of_patterns / n_cells.sum(),
        distortion=distortion,
        means_inform=means_inform,
    )


def _by_group(blocks: Blocks, groups: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Iterate over the cells of each block by group."""
    start = 0
    for z in blocks():
        of_cells = groups[start : start + len(z)]
        start += len(z)
        for group in np.unique(of_cells[of_cells >= 0]):
            yield int(group), z[of_cells == group]


def _of_means(
    means: np.ndarray, n_cells: np.ndarray, regulators: np.ndarray, possible: np.ndarray
) -> tuple[float, bool]:
    r"""Return how much the groups' means add to the covariances, and whether they tell of the network.

    Let :math:`b_{ij}` be the covariance over the cells of the group means of genes :math:`i` and :math:`j`, and
    :math:`r_{ij}` their correlation. The first value is the mean of :math:`N b_{ij}^2`. If every gene's means were
    drawn independently, the mean of :math:`r_{ij}^2` would be :math:`1 / d`, with :math:`d` degrees of freedom, one
    less than the number of groups if these are of one size. Means inform if the mean exceeds this by more than 5 % and
    by more than four standard errors, and if the first value exceeds one.
    """
    shares = n_cells / n_cells.sum()
    weighted = np.sqrt(shares)[:, None] * (means - shares @ means)
    centring = np.sqrt(shares)[:, None] * (np.eye(len(shares)) - shares)
    eigenvalues = np.square(np.linalg.svd(centring, compute_uv=False))
    variance = np.square(weighted).sum(0)
    between = np.square(weighted[:, regulators].T @ weighted)
    size = np.outer(variance[regulators], variance)
    pairs = possible & (size > 0)
    if not pairs.any():
        return 0.0, False
    distortion = float(between[pairs].mean() * n_cells.sum())
    independent = np.square(eigenvalues).sum() / np.square(eigenvalues.sum())
    excess = (between[pairs] / size[pairs]).mean() / independent - 1
    inform = excess > max(_NEGLIGIBLE, _STANDARD_ERRORS * np.sqrt(2 / pairs.sum()))
    return distortion, bool(inform and distortion > 1)
