r"""Known interactions as probabilities that reach genes without labels: like genes have like interactions.

The labels :math:`y_{ij} \in \{0, 1\}`, a share :math:`\mu` of them edges, are observations of a Gaussian process over
pairs, whose covariance is the product of the likeness of the two regulators and that of the two targets:

.. math:: \frac{y_{ij} - \mu}{\sqrt{\mu (1 - \mu)}} = f_{ij} + \epsilon_{ij}, \qquad
          f \sim \mathrm{GP}(0, K_R \otimes K_T), \quad \epsilon_{ij} \sim N(0, \lambda),

.. math:: K_R(i, i') = 1 + h_i^\top h_{i'} + \delta_{ii'}, \qquad
          K_T(j, j') = 1 + \tfrac{1}{2} \left( h_j^\top h_{j'} + p_j^\top p_{j'} \right) + \delta_{jj'}

with :math:`h` the genes' text and :math:`p` their profile of expression (:mod:`infosem.statistics._profiles`).
Multiplied out, it has a level of each regulator and of each target, as far as text, profile and their own labels tell,
and preferences of regulators that are alike for targets that are alike. The posterior mean (kernel ridge regression;
Stock et al. 2018 call it pairwise learning with a Kronecker kernel) is solved by conjugate gradients, in which the
covariance is never built. Labels of one kind only tell nothing of other pairs, whose probability is one half then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg

from infosem.data._settings import register
from infosem.module._adjacency import EdgeModel

EDGE_PROBABILITY = 0.95
"""Probability of a known edge; one less this of a known non-edge."""

_NOISE = 10.0
""":math:`\\lambda`. Chosen, like the weights of the kernels, on splits of training genes; flat from 3 to 30."""

_LOWEST = 0.2
"""Posterior means below this share of :math:`\\mu` approach zero instead of crossing it."""


@register
@dataclass(frozen=True, kw_only=True)
class KernelEdges(EdgeModel):
    """Edge probabilities from known interactions by kernel ridge regression over pairs of genes.

    What the labels say of a pair extends to pairs of like genes, by text and by expression, so that labels reach genes
    that have none. The probabilities multiply the strength of an edge and leave the adjacency as it is.
    """


def edge_logits(
    pairs: np.ndarray, is_edge: np.ndarray, regulators: np.ndarray, embeddings: np.ndarray, profiles: np.ndarray
) -> np.ndarray:
    """Log odds of every pair, ``(R, G)``.

    Parameters
    ----------
    pairs
        Regulator row and target column of the observed pairs, ``(2, P_obs)``.
    is_edge
        Whether each observed pair is a known edge, boolean ``(P_obs,)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    embeddings
        Text of each gene, centred, of a mean squared norm of one, zero where there is none, ``(G, d)``; of width zero
        without text.
    profiles
        Profile of expression of each gene, of a mean squared norm of one, ``(G, k)``.
    """
    probability = np.full((len(regulators), len(embeddings)), 0.5)
    if is_edge.any() and not is_edge.all():
        rate = is_edge.mean()
        sd = np.sqrt(rate * (1 - rate))
        half = np.sqrt(0.5)
        both = [half * embeddings, half * profiles] if embeddings.any() else [profiles]
        by_regulator, by_target = _with_constant(embeddings[regulators]), _with_constant(*both)
        mean = posterior_mean(pairs, (is_edge - rate) / sd, by_regulator, by_target)
        probability = _as_probability(rate + sd * mean, rate)
    row, column = pairs
    probability[row, column] = np.where(is_edge, EDGE_PROBABILITY, 1 - EDGE_PROBABILITY)
    return np.log(probability) - np.log1p(-probability)


def posterior_mean(
    pairs: np.ndarray, observed: np.ndarray, by_regulator: np.ndarray, by_target: np.ndarray
) -> np.ndarray:
    r"""Posterior mean of :math:`f`, ``(R, G)``.

    Parameters
    ----------
    pairs
        Row and column of each observation, ``(2, P)``.
    observed
        Their values, of variance one, ``(P,)``.
    by_regulator, by_target
        Features :math:`\Phi` of the kernels :math:`\Phi \Phi^\top + I`, ``(R, a)`` and ``(G, b)``.
    """
    rows, row = np.unique(pairs[0], return_inverse=True)
    columns, column = np.unique(pairs[1], return_inverse=True)
    left, right = _reduced(by_regulator[rows]), _reduced(by_target[columns])

    def matrix(values: np.ndarray) -> np.ndarray:
        filled = np.zeros((len(rows), len(columns)))
        filled[row, column] = values
        return filled

    def covariance_and_noise(values: np.ndarray) -> np.ndarray:
        filled = matrix(values)
        filled = filled + left @ (left.T @ filled)
        filled = filled + (filled @ right) @ right.T
        return filled[row, column] + _NOISE * values

    size = len(observed)
    operator = LinearOperator((size, size), matvec=covariance_and_noise, dtype=np.float64)
    weights = matrix(cg(operator, observed, rtol=1e-4, maxiter=1000)[0])
    by_row = by_regulator @ (by_regulator[rows].T @ weights)
    by_row[rows] += weights
    mean = (by_row @ by_target[columns]) @ by_target.T
    mean[:, columns] += by_row
    return mean


def _with_constant(*features: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(features[0])), *features]).astype(np.float64)


def _reduced(features: np.ndarray) -> np.ndarray:
    """Features with the same products and no more columns than rows."""
    if features.shape[1] <= features.shape[0]:
        return features
    u, s, _ = np.linalg.svd(features, full_matrices=False)
    return u * s


def _as_probability(mean: np.ndarray, rate: float) -> np.ndarray:
    """Means as they are between a share of the rate and .95, beyond which they approach zero and one."""
    low, high = _LOWEST * rate, EDGE_PROBABILITY
    below = low * np.exp(np.minimum(mean - low, 0) / low)
    above = 1 - (1 - high) * np.exp(np.minimum(high - mean, 0) / (1 - high))
    return np.where(mean < low, below, np.where(mean > high, above, mean)).clip(1e-6, 1 - 1e-6)
