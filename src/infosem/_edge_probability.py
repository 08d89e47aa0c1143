r"""Known interactions as additive log odds that the genes' text carries over to genes without labels.

.. math:: A_{l,ij} = c + u_i + v_j, \qquad u_i = h_i^\top w_u + \epsilon_i, \quad v_j = h_j^\top w_v + \eta_j,

with :math:`w \sim N(0, s_w^2 I)` and :math:`\epsilon, \eta \sim N(0, t^2)`. The observed log odds of each gene's labels
are :math:`u_i` with the error of their number, so that :math:`w` is a ridge regression, solved in closed form;
:math:`s_w` and :math:`t` maximise its marginal likelihood: where the labelled genes' text tells nothing, :math:`w` is
about zero, and a gene without labels gets the average. Labels of one kind only tell nothing of other pairs, whose
probability is one half then.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy.linalg import cho_factor, cho_solve
from torch import Tensor, nn

EDGE_PROBABILITY = 0.95
"""Probability of a known edge; one less this of a known non-edge."""

_LOG_VARIANCES = np.arange(-7.0, 2.0)
"""Of the coefficients and of the residual, on a grid; both have the prior N(-1, 2^2)."""

_PRIOR_LABELS = 2.0
"""Labels, at the overall rate, that every gene has beside its own."""


class EdgeProbability(nn.Module):
    """Probabilities of the edges from known interactions.

    Parameters
    ----------
    pairs
        Regulator row and target column of the observed pairs, ``(2, P_obs)``.
    is_edge
        Whether each observed pair is a known edge, boolean ``(P_obs,)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    embeddings
        One row per gene, centred, zero where there is none, ``(G, d)``; of width zero without text.
    """

    pairs: Tensor
    is_edge: Tensor
    logits: Tensor

    def __init__(self, pairs: Tensor, is_edge: Tensor, regulators: Tensor, embeddings: Tensor) -> None:
        super().__init__()
        self.register_buffer("pairs", pairs)
        self.register_buffer("is_edge", is_edge)
        arrays = (tensor.cpu().numpy() for tensor in (pairs, is_edge, regulators, embeddings))
        self.register_buffer("logits", torch.as_tensor(additive_logits(*arrays), dtype=torch.float32))


def additive_logits(
    pairs: np.ndarray, is_edge: np.ndarray, regulators: np.ndarray, embeddings: np.ndarray
) -> np.ndarray:
    """Log odds of every pair, ``(R, G)``; arguments as of :class:`EdgeProbability`."""
    row, column = pairs
    logits = np.zeros((len(regulators), len(embeddings)))
    if is_edge.any() and not is_edge.all():
        overall = float(_log_odds(is_edge.mean()))
        embeddings = embeddings.astype(np.float64)
        by_regulator = _levels(row, is_edge, embeddings[regulators], overall)
        by_target = _levels(column, is_edge, embeddings, overall)
        logits += by_regulator[:, None] + by_target - overall
    logits[row, column] = np.where(is_edge, 1, -1) * _log_odds(EDGE_PROBABILITY)
    return logits


def _levels(gene: np.ndarray, is_edge: np.ndarray, embeddings: np.ndarray, overall: float) -> np.ndarray:
    """Log odds of each gene's pairs, from its own labels and its text, ``(n,)``."""
    n_genes = len(embeddings)
    n_labels = np.bincount(gene, minlength=n_genes) + _PRIOR_LABELS
    n_edges = np.bincount(gene, is_edge, minlength=n_genes) + _PRIOR_LABELS / (1 + np.exp(-overall))
    labelled = n_labels > _PRIOR_LABELS
    share = (n_edges / n_labels)[labelled]
    observed = _log_odds(share)
    error = 1 / (n_labels[labelled] * share * (1 - share))
    # the coefficients lie in the space of the labelled genes' text
    axes = np.linalg.svd(embeddings[labelled], full_matrices=False)[2]
    design = np.column_stack([embeddings @ axes.T, np.ones(n_genes)])
    fits = (
        (evidence - (log_t + 1) ** 2 / 8 - (log_s + 1) ** 2 / 8, log_t, coefficients)
        for log_t in _LOG_VARIANCES
        for log_s, evidence, coefficients in _ridges(design[labelled], observed - overall, error + np.exp(log_t))
    )
    _, log_t, coefficients = max(fits, key=lambda fit: fit[0])
    levels = overall + design @ coefficients
    levels[labelled] += np.exp(log_t) / (np.exp(log_t) + error) * (observed - levels[labelled])
    return levels


def _ridges(
    design: np.ndarray, observed: np.ndarray, variance: np.ndarray
) -> Iterator[tuple[float, float, np.ndarray]]:
    """By log variance of the coefficients: log evidence, up to a constant, and MAP coefficients.

    The last column is the intercept, of standard deviation 3.
    """
    weighted = design.T / variance
    gram, moment = weighted @ design, weighted @ observed
    misfit = 0.5 * np.sum(observed**2 / variance + np.log(variance))
    for log_s in _LOG_VARIANCES:
        precision = np.full(len(gram), np.exp(-log_s))
        precision[-1] = 1 / 9
        factor = cho_factor(gram + np.diag(precision), lower=True)
        coefficients = cho_solve(factor, moment)
        determinant = np.log(np.diag(factor[0])).sum() - 0.5 * np.log(precision).sum()
        yield log_s, 0.5 * moment @ coefficients - misfit - determinant, coefficients


def _log_odds(probability: np.ndarray | float) -> np.ndarray:
    return np.log(probability) - np.log1p(-np.asarray(probability))
