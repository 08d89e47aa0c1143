r"""Covariation of the genes: in total, in shared patterns, and in each gene's own variation.

Patterns (:mod:`infosem.statistics._second_moments`) are shared by many genes. There is at most one for every ten genes.
What they leave is a gene's own variation. Part of it is true variation, which its targets follow. The rest is
measurement noise, which they do not follow. The true share :math:`\lambda` is estimated from cells that were not used
to choose the pairs (:func:`_own_share`). The noise is removed from the latent expression,

.. math:: \tilde Z = Z \left[ \lambda I + (1 - \lambda)\, V C^2 V^T \right]

Few cells determine the variance of a gene that is rarely expressed. The variance of gene :math:`j` is based on
:math:`n_j = (\sum_c Z_{cj}^2)^2 / \sum_c Z_{cj}^4` cells, and all correlations of the gene are shrunk by
:math:`\sqrt{n_j / (n_j + 3)}`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from infosem.data._correlation import signs_beyond_noise
from infosem.statistics._second_moments import Blocks, SecondMoments, covariance_of, power_sums
from infosem.statistics._surprisal import against_background, strongest, surprisal

MAX_PATTERNS = 60
_MIN_GENES_OF_A_PATTERN = 10
_MIN_REGULATORS_OF_A_PATTERN = 2
_PRIOR_CELLS = 3.0
_FEWEST_CELLS = 5
_N_REFERENCE = 1000
"""Minimum number of genes in the sample that gives the background of a gene. All genes are used if there are fewer than
twice as many."""


@dataclass(frozen=True)
class Covariation:
    r"""Correlations of the regulators with all genes, and the patterns that explain them.

    Attributes
    ----------
    all, latent
        Correlation of the measured expression and of the latent expression :math:`\tilde Z`, ``(R, G)``, float32.
    signs
        Sign of the correlation of the measured expression, int8 ``(R, G)``. It is zero within noise.
    association
        Evidence for the association of two genes, compared with the background of both, in nats, ``(R, G)``. One half
        comes from all variation. The other half comes from the shared patterns, with weight :math:`1 - \lambda`, and
        from the genes' own variation, with weight :math:`\lambda`.
    own_share
        Share :math:`\lambda` of the genes' own variation that is not noise.
    loadings, gains
        Patterns :math:`V`, ``(G, k)``, and their weights :math:`(1 - \lambda) C^2`, ``(k,)``.
    latent_sd
        Standard deviation of the latent expression of each gene, ``(G,)``.
    n_cells, n_observations
        Number of independent observations of the measured expression, and of the latent expression.
    agreement
        Agreement of two halves of the cells. The pairs with the strongest association are chosen in one half, and this
        is their mean correlation in the other half, in standard errors, with the sign of the first half. It is zero if
        the cells contain no information about the network.
    """

    all: np.ndarray
    latent: np.ndarray
    signs: np.ndarray
    association: np.ndarray
    own_share: float
    loadings: np.ndarray
    gains: np.ndarray
    latent_sd: np.ndarray
    n_cells: int
    n_observations: float
    agreement: float


def measure_covariation(blocks: Blocks, regulators: np.ndarray, possible: np.ndarray) -> Covariation:
    """Measure the covariation of the genes in a few passes over the cells.

    Parameters
    ----------
    blocks
        Standardised expression with a variance of one. Entries that are not counted are zero.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    """
    n_regulators, n_genes = possible.shape
    reference = reference_genes(n_genes)
    genes = np.concatenate([regulators, reference])
    most = min(MAX_PATTERNS, n_genes // _MIN_GENES_OF_A_PATTERN, n_regulators // _MIN_REGULATORS_OF_A_PATTERN)

    def moments(cells: Blocks, n_cells: int, covariance: np.ndarray) -> SecondMoments:
        return SecondMoments(cells, n_cells, genes, covariance, most_patterns=most)

    parts: list[Blocks] = [partial(_every_other, blocks, start) for start in (0, 1)]
    halves = [moments(part, *covariance_of(part, genes, n_genes)) for part in parts]
    weights = _weights_of_genes(blocks, n_genes)

    def shrunk(correlation: np.ndarray) -> np.ndarray:
        return correlation * weights[genes][:, None] * weights

    def association(correlation: np.ndarray) -> np.ndarray:
        rows = shrunk(correlation)
        return against_background(rows[:n_regulators], regulators, rows[n_regulators:], reference)

    def evidence(correlation: np.ndarray) -> np.ndarray:
        return surprisal(association(correlation), possible)

    agreement = own_share = 0.0
    if min(half.n_cells for half in halves) >= _FEWEST_CELLS:
        chosen = [_strongest_pairs(association(half.covariance)) for half in halves]
        agreement, own_share = _agreement(halves, chosen), _own_share(halves, chosen, regulators)
    n_cells, pooled = _pooled(halves)
    del halves  # they are large if there are many genes
    everyone = moments(blocks, n_cells, pooled)
    if not len(everyone.values):
        own_share = 1.0  # without patterns all variation is a gene's own
    specific = (1 - own_share) * evidence(everyone.shared()) + own_share * evidence(everyone.own())
    return Covariation(
        all=shrunk(everyone.covariance)[:n_regulators],
        latent=shrunk(everyone.latent(own_share))[:n_regulators],
        signs=signs_beyond_noise(everyone.covariance[:n_regulators], n_cells),
        association=((evidence(everyone.covariance) + specific) / 2).astype(np.float32),
        own_share=own_share,
        loadings=everyone.vectors,
        gains=everyone.gains(own_share),
        latent_sd=np.sqrt(np.maximum(everyone.latent_variance(own_share), 1e-6)),
        n_cells=n_cells,
        n_observations=everyone.n_observations(own_share),
        agreement=agreement,
    )


def reference_genes(n_genes: int) -> np.ndarray:
    """Return the columns of the sample of genes that gives the background of a gene, ``(Q,)``."""
    return np.arange(0, n_genes, max(1, n_genes // _N_REFERENCE))


def _pooled(halves: list[SecondMoments]) -> tuple[int, np.ndarray]:
    """Return the number of all cells and their covariance. The covariances of the halves are overwritten."""
    n_cells = sum(half.n_cells for half in halves)
    for half in halves:
        half.covariance *= half.n_cells / max(n_cells, 1)
    first, second = halves
    first.covariance += second.covariance
    return n_cells, first.covariance


def _weights_of_genes(blocks: Blocks, n_genes: int) -> np.ndarray:
    r"""Return :math:`\sqrt{n_j / (n_j + 3)}` for each gene, ``(G,)``."""
    second, fourth = power_sums(blocks, n_genes, 2, 4)
    effective = np.square(second) / np.where(fourth > 0, fourth, 1)
    return np.sqrt(effective / (effective + _PRIOR_CELLS)).astype(np.float32)


def _strongest_pairs(association: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row, column = np.unravel_index(strongest(association.ravel()), association.shape)
    return row, column


def _agreement(halves: list[SecondMoments], chosen: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return the mean correlation of the chosen pairs in the other half of the cells, in standard errors."""
    scores = [
        np.sign(first.covariance[pairs]) * second.covariance[pairs] * np.sqrt(second.n_cells)
        for pairs, first, second in zip(chosen, halves, halves[::-1], strict=True)
    ]
    return float(np.concatenate(scores).mean())


def _own_share(
    halves: list[SecondMoments], chosen: list[tuple[np.ndarray, np.ndarray]], regulators: np.ndarray
) -> float:
    r"""Return the share of the regulators' own variation that their targets follow, from zero to one.

    Pairs with a strong association, and the patterns, are taken from one half of the cells. In the other half the
    product of the two genes' own variations, in standard errors and with the sign of the first half, has a mean
    :math:`m`. It is zero if own variation is measurement noise, and grows with the share that reaches the targets.
    The share that is not sampling error is :math:`\lambda = m^2 / (1 + m^2)`.
    """
    scores = []
    for (row, column), first, second in zip(chosen, halves, halves[::-1], strict=True):
        source, vectors = regulators[row], first.vectors
        applied = second.applied_to(vectors)
        everyone = np.arange(len(vectors))
        variances = power_sums(second.blocks, len(vectors), 2)[0] / second.n_cells
        sd = np.sqrt(np.maximum(variances + _of_patterns(everyone, everyone, vectors, applied), 1e-6))
        product = second.covariance[row, column] + _of_patterns(source, column, vectors, applied)
        sign = np.sign(first.covariance[row, column])
        scores.append(sign * product / (sd[source] * sd[column]) * np.sqrt(second.n_cells))
    mean = max(0.0, float(np.concatenate(scores).mean()))
    return mean**2 / (1 + mean**2)


def _of_patterns(i: np.ndarray, j: np.ndarray, vectors: np.ndarray, applied: np.ndarray) -> np.ndarray:
    r"""Return :math:`(I - VV^T) S (I - VV^T) - S` at the pairs of ``i`` and ``j``, given :math:`V` and :math:`SV`."""
    one_side = (vectors[i] * applied[j]).sum(1) + (applied[i] * vectors[j]).sum(1)
    return np.asarray(((vectors[i] @ (vectors.T @ applied)) * vectors[j]).sum(1) - one_side)


def _every_other(blocks: Blocks, start: int) -> Iterable[np.ndarray]:
    for z in blocks():
        yield z[start::2]
        start = (start + len(z)) % 2
