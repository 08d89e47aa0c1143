r"""Second moments of the expression, and the patterns that many genes share.

Let :math:`Z` be the standardised expression (cells x genes) and :math:`S = Z^T Z / N`. The shared patterns are the
eigenvectors :math:`V` of :math:`S` whose eigenvalues :math:`\Lambda` exceed those of noise,

.. math:: \Lambda > \kappa\, (1 + \sqrt{\gamma})^2, \qquad \kappa = 1 + 2\,
          \frac{N^{-1/2} (N^{-1/2} + G^{-1/2})^{1/3}}{1 + \sqrt{\gamma}}, \qquad \gamma = G / N .

:math:`(1 + \sqrt{\gamma})^2` is the edge of Marchenko and Pastur (1967). The factor :math:`\kappa` adds two units of
the fluctuation of the largest eigenvalue, which noise exceeds in one of a hundred cases (Johnstone 2001). What the
patterns leave is a gene's own variation. Each pattern is weighted by how well it estimates the true pattern. This is
the squared cosine of the two vectors (Paul 2007),

.. math:: c^2 = \frac{1 - \gamma / (\ell - 1)^2}{1 + \gamma / (\ell - 1)}, \qquad
          \frac{\Lambda}{\kappa} = \ell \left(1 + \frac{\gamma}{\ell - 1}\right) .

It is zero at the eigenvalue of noise, so that the weight of a pattern changes continuously.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from scipy.linalg import eigh

_N_PASSES = 6
_OVERSAMPLING = 10

Blocks = Callable[[], Iterable[np.ndarray]]
"""Function that iterates over the standardised expression in blocks of cells, each time it is called."""


def covariance_of(blocks: Blocks, genes: np.ndarray, n_genes: int) -> tuple[int, np.ndarray]:
    """Return the number of cells, and the mean products of some ``genes``, ``(P,)``, with all genes, ``(P, G)``."""
    n_cells, total = 0, np.zeros((len(genes), n_genes), dtype=np.float32)
    for z in blocks():
        total += z[:, genes].T @ z
        n_cells += len(z)
    return n_cells, total / max(n_cells, 1)


def power_sums(blocks: Blocks, n_genes: int, *powers: int) -> np.ndarray:
    """Return the sums of ``powers`` of each gene's values, ``(n_powers, G)``, in one pass over the cells."""
    totals = np.zeros((len(powers), n_genes))
    for z in blocks():
        for total, power in zip(totals, powers, strict=True):
            total += np.power(z, power).sum(0, dtype=np.float64)
    return totals


class SecondMoments:
    r"""Covariances of some genes with all genes: shared, own and latent.

    Parameters
    ----------
    blocks
        Standardised expression of the cells.
    n_cells, genes, covariance
        Number :math:`N` of cells, columns of the genes, ``(P,)``, and their rows of :math:`S`, ``(P, G)``, from
        :func:`covariance_of`.
    most_patterns
        Largest number of patterns.

    Attributes
    ----------
    values, vectors, reliability
        Eigenvalues :math:`\Lambda`, ``(k,)``, eigenvectors :math:`V`, ``(G, k)``, and the diagonal :math:`c^2` of
        :math:`C^2`, ``(k,)``.
    """

    def __init__(
        self, blocks: Blocks, n_cells: int, genes: np.ndarray, covariance: np.ndarray, *, most_patterns: int
    ) -> None:
        self.blocks, self.n_cells, self.genes, self.covariance = blocks, n_cells, genes, covariance
        self.values, self.vectors = self._patterns(most_patterns)
        self.reliability = reliability(self.values / self._fluctuation(), covariance.shape[1] / max(n_cells, 1))

    def shared(self) -> np.ndarray:
        r"""Return the correlation of the patterns without noise, :math:`V C^4 \Lambda V^T`, ``(P, G)``."""
        if not len(self.values):
            return self.covariance
        weights = np.square(self.gains(0.0)) * self.values
        return self._scaled(self._of_patterns(weights), np.square(self.vectors) @ weights)

    def own(self) -> np.ndarray:
        r"""Return the correlation of the genes' own variation, :math:`S - V C^2 \Lambda V^T`, ``(P, G)``."""
        weights = self.reliability * self.values
        return self._scaled(self.covariance - self._of_patterns(weights), 1 - np.square(self.vectors) @ weights)

    def latent(self, own_share: float) -> np.ndarray:
        r"""Return the correlation of :math:`Z [\lambda I + (1 - \lambda) V C^2 V^T]`, ``(P, G)``."""
        covariance = own_share**2 * self.covariance + self._of_patterns(self._in_latent(own_share))
        return self._scaled(covariance, self.latent_variance(own_share))

    def latent_variance(self, own_share: float) -> np.ndarray:
        """Return the variance of the latent expression, ``(G,)``."""
        return own_share**2 + np.square(self.vectors) @ self._in_latent(own_share)

    def gains(self, own_share: float) -> np.ndarray:
        r"""Return the weights :math:`(1 - \lambda) C^2` of the patterns, ``(k,)``."""
        return (1 - own_share) * self.reliability

    def n_observations(self, own_share: float) -> float:
        """Return the number of independent observations, which lies between the numbers of patterns and of cells."""
        return max(3.0, self.n_cells**own_share * (self.reliability.sum() + 1) ** (1 - own_share))

    def applied_to(self, vectors: np.ndarray) -> np.ndarray:
        """Return :math:`S V`, ``(G, k)``."""
        total = np.zeros(vectors.shape, dtype=np.float64)
        for z in self.blocks():
            total += z.T @ (z @ vectors.astype(z.dtype))
        return total / max(self.n_cells, 1)

    def _in_latent(self, own_share: float) -> np.ndarray:
        gains = self.gains(own_share)
        return (2 * own_share * gains + np.square(gains)) * self.values

    def _of_patterns(self, weights: np.ndarray) -> np.ndarray:
        return (self.vectors[self.genes] * weights) @ self.vectors.T

    def _scaled(self, covariance: np.ndarray, variance: np.ndarray) -> np.ndarray:
        sd = np.sqrt(np.maximum(variance, 1e-6))
        return (covariance / sd[self.genes][:, None] / sd).astype(np.float32)

    def _patterns(self, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Compute the patterns by block Lanczos iteration, or exactly if there are few genes."""
        n_genes = self.covariance.shape[1]
        if most == 0 or self.n_cells == 0:
            return np.zeros(0), np.zeros((n_genes, 0))
        width = most + _OVERSAMPLING
        if n_genes <= _N_PASSES * width:
            basis = np.eye(n_genes)
            applied = self.applied_to(basis)
        else:
            basis, applied = self._krylov(width)
        values, rotation = eigh(basis.T @ applied, subset_by_index=(basis.shape[1] - most, basis.shape[1] - 1))
        values, vectors = values[::-1], basis @ rotation[:, ::-1]
        above = values > self._fluctuation() * (1 + np.sqrt(n_genes / self.n_cells)) ** 2
        return values[above], vectors[:, above]

    def _fluctuation(self) -> float:
        r"""Return :math:`\kappa`, the factor by which the largest eigenvalue of noise may exceed its edge."""
        n, g = max(self.n_cells, 1), self.covariance.shape[1]
        return float(1 + 2 * (n**-0.5 + g**-0.5) ** (1 / 3) / (n**0.5 + g**0.5))

    def _krylov(self, width: int) -> tuple[np.ndarray, np.ndarray]:
        r"""Return an orthonormal basis :math:`Q` of random :math:`\Omega, S\Omega, S^2\Omega, ...`, and :math:`SQ`."""
        block = np.linalg.qr(np.random.default_rng(0).standard_normal((self.covariance.shape[1], width)))[0]
        basis, applied = block, self.applied_to(block)
        for _ in range(_N_PASSES - 1):
            block = applied[:, -width:]
            for _ in range(2):  # rounding in a single pass would leave components along the basis
                block = np.linalg.qr(block - basis @ (basis.T @ block))[0]
            basis, applied = np.hstack([basis, block]), np.hstack([applied, self.applied_to(block)])
        return basis, applied


def reliability(values: np.ndarray, ratio: float) -> np.ndarray:
    r"""Return the squared cosine between each sample eigenvector and the true one, ``(k,)``."""
    shifted = values + 1 - ratio
    spike = (shifted + np.sqrt(np.maximum(np.square(shifted) - 4 * values, 0))) / 2 - 1
    return np.maximum(1 - ratio / np.square(spike), 0) / (1 + ratio / spike)
