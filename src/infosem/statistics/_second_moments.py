r"""Second moments of some cells, and the patterns that many genes share in them.

With :math:`Z` the standardised expression (cells x genes) and :math:`S = Z^T Z / N`, the eigenvectors :math:`V` of
:math:`S` whose eigenvalues :math:`\Lambda` exceed what noise alone has,

.. math:: \Lambda > \kappa\, (1 + \sqrt{\gamma})^2, \qquad \kappa = 1 + 2\,
          \frac{N^{-1/2} (N^{-1/2} + G^{-1/2})^{1/3}}{1 + \sqrt{\gamma}}, \qquad \gamma = G / N ,

the edge of Marchenko and Pastur (1967) and two units of the largest eigenvalue's own fluctuation, which one in a
hundred exceeds (Johnstone 2001), are the shared patterns. What is left of a gene is its own variation. A pattern counts
as far as it is the true one: the squared cosine of the two vectors is

.. math:: c^2 = \frac{1 - \gamma / (\ell - 1)^2}{1 + \gamma / (\ell - 1)}, \qquad
          \frac{\Lambda}{\kappa} = \ell \left(1 + \frac{\gamma}{\ell - 1}\right)

(Paul 2007), zero where the eigenvalue is that of noise, so that no pattern comes or goes at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from scipy.linalg import eigh

_N_PASSES = 6
_OVERSAMPLING = 10

Blocks = Callable[[], Iterable[np.ndarray]]
"""Gives the standardised expression, block of cells by block, each time it is called."""


def covariance_of(blocks: Blocks, genes: np.ndarray, n_genes: int) -> tuple[int, np.ndarray]:
    """Number of cells, and the mean products of some ``genes`` ``(P,)`` with all, ``(P, G)``."""
    n_cells, total = 0, np.zeros((len(genes), n_genes), dtype=np.float32)
    for z in blocks():
        total += z[:, genes].T @ z
        n_cells += len(z)
    return n_cells, total / max(n_cells, 1)


def power_sums(blocks: Blocks, n_genes: int, *powers: int) -> np.ndarray:
    """Sums of so many ``powers`` of every gene's values, in one pass over the cells, ``(n_powers, G)``."""
    totals = np.zeros((len(powers), n_genes))
    for z in blocks():
        for total, power in zip(totals, powers, strict=True):
            total += np.power(z, power).sum(0, dtype=np.float64)
    return totals


class SecondMoments:
    r"""Covariances of some genes with all, and what of them is shared, own, latent.

    Parameters
    ----------
    blocks
        The standardised expression of the cells.
    n_cells, genes, covariance
        What :func:`covariance_of` has of them: :math:`N`, the genes, ``(P,)``, and their rows of :math:`S`, ``(P, G)``.
    most_patterns
        Number of patterns, at most.

    Attributes
    ----------
    values, vectors, reliability
        :math:`\Lambda`, ``(k,)``, :math:`V`, ``(G, k)``, and the diagonal :math:`c^2` of :math:`C^2`, ``(k,)``.
    """

    def __init__(
        self, blocks: Blocks, n_cells: int, genes: np.ndarray, covariance: np.ndarray, *, most_patterns: int
    ) -> None:
        self.blocks, self.n_cells, self.genes, self.covariance = blocks, n_cells, genes, covariance
        self.values, self.vectors = self._patterns(most_patterns)
        self.reliability = _reliability(self.values / self._fluctuation(), covariance.shape[1] / max(n_cells, 1))

    def shared(self) -> np.ndarray:
        r"""Correlation in the patterns without their noise, :math:`V C^4 \Lambda V^T`, ``(P, G)``."""
        if not len(self.values):
            return self.covariance
        weights = np.square(self.gains(0.0)) * self.values
        return self._scaled(self._of_patterns(weights), np.square(self.vectors) @ weights)

    def own(self) -> np.ndarray:
        r"""Correlation in what the patterns leave, :math:`S - V C^2 \Lambda V^T`, ``(P, G)``."""
        weights = self.reliability * self.values
        return self._scaled(self.covariance - self._of_patterns(weights), 1 - np.square(self.vectors) @ weights)

    def latent(self, own_share: float) -> np.ndarray:
        r"""Correlation in :math:`Z [\lambda I + (1 - \lambda) V C^2 V^T]`, ``(P, G)``."""
        covariance = own_share**2 * self.covariance + self._of_patterns(self._in_latent(own_share))
        return self._scaled(covariance, self.latent_variance(own_share))

    def latent_variance(self, own_share: float) -> np.ndarray:
        """Variance of the latent expression, ``(G,)``."""
        return own_share**2 + np.square(self.vectors) @ self._in_latent(own_share)

    def gains(self, own_share: float) -> np.ndarray:
        r""":math:`(1 - \lambda) C^2`, ``(k,)``."""
        return (1 - own_share) * self.reliability

    def n_observations(self, own_share: float) -> float:
        """Independent observations behind the latent expression: cells, as far as own variation counts, or patterns."""
        return max(3.0, self.n_cells**own_share * (self.reliability.sum() + 1) ** (1 - own_share))

    def applied_to(self, vectors: np.ndarray) -> np.ndarray:
        """:math:`S V`, ``(G, k)``."""
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
        """By block Lanczos iteration, as exact as matters; of few genes exactly."""
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
        r""":math:`\kappa`, how far above its edge the largest eigenvalue of noise may be."""
        n, g = max(self.n_cells, 1), self.covariance.shape[1]
        return float(1 + 2 * (n**-0.5 + g**-0.5) ** (1 / 3) / (n**0.5 + g**0.5))

    def _krylov(self, width: int) -> tuple[np.ndarray, np.ndarray]:
        r"""An orthonormal basis :math:`Q` of :math:`\Omega, S\Omega, S^2\Omega, ...`, random, and :math:`SQ`."""
        block = np.linalg.qr(np.random.default_rng(0).standard_normal((self.covariance.shape[1], width)))[0]
        basis, applied = block, self.applied_to(block)
        for _ in range(_N_PASSES - 1):
            block = applied[:, -width:]
            for _ in range(2):  # once leaves what rounding has left of the basis
                block = np.linalg.qr(block - basis @ (basis.T @ block))[0]
            basis, applied = np.hstack([basis, block]), np.hstack([applied, self.applied_to(block)])
        return basis, applied


def _reliability(values: np.ndarray, ratio: float) -> np.ndarray:
    r"""Squared cosine between each sample eigenvector and the true one, ``(k,)``."""
    shifted = values + 1 - ratio
    spike = (shifted + np.sqrt(np.maximum(np.square(shifted) - 4 * values, 0))) / 2 - 1
    return np.maximum(1 - ratio / np.square(spike), 0) / (1 + ratio / spike)
