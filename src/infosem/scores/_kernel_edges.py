r"""Edge probabilities from known interactions, which assume that similar genes have similar interactions.

The labels :math:`y_{ij} \in \{0, 1\}`, of which a share :math:`\mu` are edges, are observations of a Gaussian process
over pairs of genes. Its covariance is the similarity of the two regulators times the similarity of the two targets:

.. math:: \frac{y_{ij} - \mu}{\sqrt{\mu (1 - \mu)}} = f_{ij} + \epsilon_{ij}, \qquad
          f \sim \mathrm{GP}(0, K_R \otimes K_T), \quad \epsilon_{ij} \sim N(0, \lambda),

.. math:: K_R(i, i') = 1 + h_i^\top h_{i'} + \delta_{ii'}, \qquad
          K_T(j, j') = 1 + \tfrac{1}{2} \left( h_j^\top h_{j'} + p_j^\top p_{j'} \right) + \delta_{jj'}

where :math:`h` is the text embedding of a gene and :math:`p` its expression profile
(:mod:`infosem.statistics._profiles`). The product expands into a level of each regulator, a level of each target, and
an interaction between similar regulators and similar targets. Text, profile and the genes' own labels inform each of
these terms.

The posterior mean is kernel ridge regression, or pairwise learning with a Kronecker kernel (Stock et al. 2018).
Conjugate gradients find it without building the covariance. If all labels are of one kind, they say nothing about other
pairs, and the probability of these is set to one half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg

from infosem.data._settings import Settings, register

EDGE_PROBABILITY = 0.95
"""Probability of a known edge. A known non-edge has one minus this probability."""

_NOISE = 10.0
"""Noise :math:`\\lambda`. It was chosen on splits of training genes, like the weights of the kernels. The accuracy
hardly changes from 3 to 30."""

_LOWEST = 0.2
"""Share of :math:`\\mu` below which posterior means are mapped to probabilities that approach zero."""


@register
@dataclass(frozen=True, kw_only=True)
class KernelEdges(Settings):
    """Edge probabilities by kernel ridge regression of known interactions over pairs of genes.

    Genes with similar texts and similar expression have similar interactions, so that labels generalise to genes that
    have none. The probabilities enter the evidence that ranks the edges. They do not change the adjacency.
    """


def edge_logits(
    pairs: np.ndarray, is_edge: np.ndarray, regulators: np.ndarray, embeddings: np.ndarray, profiles: np.ndarray
) -> np.ndarray:
    """Compute the log odds of an edge for each pair, ``(R, G)``.

    Parameters
    ----------
    pairs
        Regulator row and target column of the observed pairs, ``(2, P_obs)``.
    is_edge
        Whether each observed pair is a known edge, boolean ``(P_obs,)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    embeddings
        Text embedding of each gene, ``(G, d)``. Embeddings are centred and have a mean squared norm of one; genes
        without one have a row of zeros. Without text, ``d`` is zero.
    profiles
        Expression profile of each gene, ``(G, k)``, with a mean squared norm of one.
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
    r"""Compute the posterior mean of :math:`f`, ``(R, G)``.

    Parameters
    ----------
    pairs
        Row and column of each observation, ``(2, P)``.
    observed
        Values of the observations, ``(P,)``, with a variance of one.
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
    """Return features with the same inner products and no more columns than rows."""
    if features.shape[1] <= features.shape[0]:
        return features
    u, s, _ = np.linalg.svd(features, full_matrices=False)
    return u * s


def _as_probability(mean: np.ndarray, rate: float) -> np.ndarray:
    """Return posterior means as probabilities. Below a share of the rate and above .95 they approach zero and one."""
    low, high = _LOWEST * rate, EDGE_PROBABILITY
    below = low * np.exp(np.minimum(mean - low, 0) / low)
    above = 1 - (1 - high) * np.exp(np.minimum(high - mean, 0) / (1 - high))
    return np.where(mean < low, below, np.where(mean > high, above, mean)).clip(1e-6, 1 - 1e-6)
