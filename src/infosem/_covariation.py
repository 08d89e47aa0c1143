r"""How genes vary together: in all, in the patterns that many genes share, and in what is each gene's own.

With :math:`Z` the standardised expression (cells x genes, zero where an entry is not counted, variance one) and
:math:`S = Z^T Z / N` its correlation, the eigenvectors :math:`V` of :math:`S` whose eigenvalues :math:`\Lambda` exceed
what noise alone has, :math:`(1 + \sqrt{G / N})^2` (Marchenko and Pastur 1967), are the shared patterns. A pattern is
shared by ten genes at least. What is left of a gene is its own variation: true fluctuation, which its targets follow,
and the noise of measuring it, which they do not. How much of it is true is estimated from cells that had no part in
the choice of pairs (:func:`_own_share`), and the rest is taken out of the latent expression,

.. math:: \tilde Z = Z \left[ \lambda I + (1 - \lambda)\, V \left(1 - \Lambda^{-1}\right) V^T \right]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from infosem._evidence import against_background

MAX_PATTERNS = 60
_MIN_GENES_OF_A_PATTERN = 10
_MIN_REGULATORS_OF_A_PATTERN = 2
_N_PASSES = 5
_OVERSAMPLING = 10
_STRONGEST = 0.003
"""Share of the pairs, those of the strongest association, that tell how much own variation is transmitted."""

Blocks = Callable[[], Iterable[np.ndarray]]
"""Gives the standardised expression, block of cells by block, each time it is called."""


@dataclass(frozen=True)
class Covariation:
    r"""Correlations of the regulators with all genes, and the patterns behind them.

    Attributes
    ----------
    all, shared, own, latent
        Correlation in all variation, in the shared patterns, in what is own, and in the latent expression
        :math:`\tilde Z`, ``(R, G)``, float32.
    own_share
        :math:`\lambda`, the share of own variation that is no noise.
    loadings, gains
        :math:`V`, ``(G, k)``, and :math:`(1 - \lambda)(1 - \Lambda^{-1})`, ``(k,)``.
    latent_sd
        Standard deviation of the latent expression of each gene, ``(G,)``.
    n_observations
        Independent observations behind the latent correlations: cells, as far as own variation counts, else patterns.
    """

    all: np.ndarray
    shared: np.ndarray
    own: np.ndarray
    latent: np.ndarray
    own_share: float
    loadings: np.ndarray
    gains: np.ndarray
    latent_sd: np.ndarray
    n_observations: float


def measure_covariation(blocks: Blocks, regulators: np.ndarray, n_genes: int) -> Covariation:
    """Measure it, in a few passes over the cells.

    Parameters
    ----------
    blocks
        The standardised expression.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    n_genes
        Number :math:`G` of genes.
    """
    halves = [_Cells(partial(_every_other, blocks, start)) for start in (0, 1)]
    products = [half.products(regulators, n_genes) for half in halves]
    most = min(MAX_PATTERNS, n_genes // _MIN_GENES_OF_A_PATTERN, len(regulators) // _MIN_REGULATORS_OF_A_PATTERN)
    patterns = [half.patterns(n_genes, most) for half in halves]
    n_cells = sum(half.n for half in halves)
    correlation = (halves[0].n * products[0] + halves[1].n * products[1]) / n_cells
    values, vectors = _Cells(blocks, n_cells).patterns(n_genes, most)
    # without a pattern there is nothing but own variation
    own_share = _own_share(halves, products, patterns, regulators) if len(values) else 1.0

    of_regulators, squares = vectors[regulators], np.square(vectors)
    gains = (1 - own_share) * (1 - 1 / values)
    total = np.ones(n_genes)
    in_latent = 2 * own_share * gains * values + np.square(gains) * values
    in_shared = np.square(1 - 1 / values) * values
    variance = own_share**2 * total + squares @ in_latent

    def with_patterns(weights: np.ndarray) -> np.ndarray:
        return (of_regulators * weights) @ vectors.T

    n_patterns = len(values)
    observations = n_cells**own_share * (n_patterns + 1) ** (1 - own_share)
    return Covariation(
        all=correlation,
        shared=_scaled(with_patterns(in_shared), squares @ in_shared, regulators) if n_patterns else correlation,
        own=_scaled(correlation - with_patterns(values), total - squares @ values, regulators),
        latent=_scaled(own_share**2 * correlation + with_patterns(in_latent), variance, regulators),
        own_share=own_share,
        loadings=vectors,
        gains=gains,
        latent_sd=np.sqrt(np.maximum(variance, 1e-6)),
        n_observations=max(3.0, observations),
    )


class _Cells:
    """Second moments of some cells."""

    def __init__(self, blocks: Blocks, n: int = 0) -> None:
        self.blocks, self.n = blocks, n

    def products(self, regulators: np.ndarray, n_genes: int) -> np.ndarray:
        """Mean product of the regulators with all genes, ``(R, G)``."""
        total = np.zeros((len(regulators), n_genes), dtype=np.float32)
        self.n = 0
        for z in self.blocks():
            total += z[:, regulators].T @ z
            self.n += len(z)
        return total / max(self.n, 1)

    def applied_to(self, vectors: np.ndarray) -> np.ndarray:
        """:math:`S V`, ``(G, k)``."""
        total = np.zeros(vectors.shape, dtype=np.float64)
        for z in self.blocks():
            total += z.T @ (z @ vectors.astype(z.dtype))
        return total / max(self.n, 1)

    def variances(self, n_genes: int) -> np.ndarray:
        """Mean square of every gene, ``(G,)``."""
        return sum((np.square(z).sum(0, dtype=np.float64) for z in self.blocks()), np.zeros(n_genes)) / max(self.n, 1)

    def patterns(self, n_genes: int, most: int) -> tuple[np.ndarray, np.ndarray]:
        """At most so many eigenvalues above those of noise, ``(k,)``, and eigenvectors, ``(G, k)``, by iteration."""
        if most == 0 or self.n == 0:
            return np.zeros(0), np.zeros((n_genes, 0))
        width = min(n_genes, most + _OVERSAMPLING)
        vectors = np.linalg.qr(np.random.default_rng(0).standard_normal((n_genes, width)))[0]
        for _ in range(_N_PASSES):
            vectors = np.linalg.qr(self.applied_to(vectors))[0]
        values, rotation = np.linalg.eigh(vectors.T @ self.applied_to(vectors))
        order = np.argsort(-values)[:most]
        values, vectors = values[order], vectors @ rotation[:, order]
        above = values > (1 + np.sqrt(n_genes / self.n)) ** 2
        return values[above], vectors[:, above]


def _own_share(
    halves: list[_Cells],
    products: list[np.ndarray],
    patterns: list[tuple[np.ndarray, np.ndarray]],
    regulators: np.ndarray,
) -> float:
    r"""Share of the genes' own variation that its targets follow, from zero to one.

    Pairs are chosen by their association in one half of the cells, and the patterns are those of that half. In the
    other half :math:`z`, the product of what is own of the two genes, in standard errors and with the sign of the
    first half, has mean :math:`m`: zero where own variation is noise of measurement, the larger the more of it is
    transmitted. The share of its second moment that is no sampling error is :math:`\lambda = m^2 / (1 + m^2)`.
    """
    scores = []
    for first, second in ((0, 1), (1, 0)):
        _, vectors = patterns[first]
        if halves[first].n < 2 or halves[second].n < 2:
            return 0.0
        background = against_background(products[first], regulators)
        n_strongest = min(background.size, max(20, int(_STRONGEST * background.size)))
        row, column = np.unravel_index(
            np.argpartition(-background.ravel(), n_strongest - 1)[:n_strongest], background.shape
        )
        source = regulators[row]
        applied = halves[second].applied_to(vectors)
        variances = halves[second].variances(len(vectors))
        genes = np.arange(len(vectors))
        sd = np.sqrt(np.maximum(variances + _of_patterns(genes, genes, vectors, applied), 1e-6))
        product = products[second][row, column] + _of_patterns(source, column, vectors, applied)
        sign = np.sign(products[first][row, column])
        scores.append(sign * product / (sd[source] * sd[column]) * np.sqrt(halves[second].n))
    mean = max(0.0, float(np.concatenate(scores).mean()))
    return mean**2 / (1 + mean**2)


def _of_patterns(i: np.ndarray, j: np.ndarray, vectors: np.ndarray, applied: np.ndarray) -> np.ndarray:
    r"""What :math:`(I - VV^T) S (I - VV^T)` has besides :math:`S` at the pairs of ``i`` and ``j``, from :math:`SV`."""
    one_side = (vectors[i] * applied[j]).sum(1) + (applied[i] * vectors[j]).sum(1)
    return np.asarray(((vectors[i] @ (vectors.T @ applied)) * vectors[j]).sum(1) - one_side)


def _every_other(blocks: Blocks, start: int) -> Iterable[np.ndarray]:
    for z in blocks():
        yield z[start::2]
        start = (start + len(z)) % 2


def _scaled(covariance: np.ndarray, variance: np.ndarray, regulators: np.ndarray) -> np.ndarray:
    sd = np.sqrt(np.maximum(variance, 1e-6))
    return (covariance / sd[regulators][:, None] / sd).astype(np.float32)
