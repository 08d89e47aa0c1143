r"""What ranks the edges: evidence of several kinds, in nats, that adds up.

.. math:: E_{ij} = s \left( (1 - w)\, e^{\text{association}}_{ij} + w \left[ e^{\text{direct}}_{ij} + \ell_i \right]
          + e^{\text{text}}_{ij} \right) + \log \frac{p_{ij}}{\bar p}

- *association*: of the two genes, against the background of both (:mod:`infosem.statistics._covariation`);
- *direct*: the size :math:`|A_{ij}|` of the regulator's direct effect;
- *level*: :math:`\ell_i`, the logarithm of the regulator's total effect over that of an average one, as far as levels
  differ by more than chance;
- *text*: the likeness of the two genes' texts, and what genes of like texts have (:mod:`infosem.scores._text`);
- *interactions*: the probability :math:`p_{ij}` from known interactions over that of an average pair; with labels of
  both kinds, :math:`s` is what the other evidence is worth beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from infosem.scores._edge_probability import EDGE_PROBABILITY
from infosem.statistics._surprisal import surprisal

_PRIOR_SHARE = 0.1
"""Of an average total effect, added to every regulator's: one without any effect has a level, too."""


def expression_parts(
    adjacency: np.ndarray, association: np.ndarray, direct_share: float, possible: np.ndarray
) -> dict[str, np.ndarray]:
    """Evidence of the expression, ``(R, G)`` each, in nats.

    Parameters
    ----------
    adjacency
        :math:`A`, ``(R, G)``.
    association
        Evidence of the association, ``(R, G)``.
    direct_share
        Weight :math:`w` of the direct effects.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    """
    size = np.abs(adjacency)
    level = _levels(size, possible.sum(1))
    return {
        "association": np.float32(1 - direct_share) * association,
        "direct": np.float32(direct_share) * surprisal(size, possible),
        "level": np.where(possible, direct_share * level[:, None], 0).astype(np.float32),
    }


def _levels(size: np.ndarray, n_targets: np.ndarray) -> np.ndarray:
    r"""Logarithm of every regulator's total effect over that of an average one, shrunk, ``(R,)``.

    The variance of the levels is that of the regulators and that of sampling :math:`n` targets, the squared coefficient
    of variation of their effects over :math:`n`. The share that is not sampling is what is left of every level.
    """
    total = size.sum(1, dtype=np.float64)
    if not total.any():
        return total
    with_prior = total + _PRIOR_SHARE * total.mean()
    level = np.log(with_prior / with_prior.mean())
    n_targets = np.maximum(n_targets, 1)
    mean = np.where(total > 0, total, np.inf) / n_targets
    sampling = np.maximum(np.square(size).sum(1) / n_targets / np.square(mean) - 1, 0) / n_targets
    variance = max(level.var(), np.finfo(float).tiny)
    return max(0.0, 1 - float(np.minimum(sampling, 1).mean()) / variance) * level


def total_evidence(parts: Mapping[str, np.ndarray]) -> np.ndarray:
    """The sum of the parts, ``(R, G)``."""
    first, *others = parts.values()
    return np.asarray(sum(others, first))


def interactions_part(probability: np.ndarray, pairs: np.ndarray, is_edge: np.ndarray) -> np.ndarray:
    """Evidence of known interactions, ``(R, G)``, in nats; zero for pairs that the labels do not reach.

    Parameters
    ----------
    probability
        Of every pair, NaN where the labels tell nothing, ``(R, G)``.
    pairs, is_edge
        The observed pairs, ``(2, P)``, and which of them are edges.
    """
    if len(is_edge) and is_edge.any() and not is_edge.all():
        return np.log(probability / is_edge.mean()).astype(np.float32)
    evidence = np.zeros(probability.shape, dtype=np.float32)
    evidence[pairs[0], pairs[1]] = np.where(is_edge, 1, -1) * logit(EDGE_PROBABILITY)
    return evidence


def worth_of(evidence: np.ndarray, pairs: np.ndarray, is_edge: np.ndarray) -> float:
    """What a nat of evidence is worth beside the labels: half the slope of a logistic regression, between 0 and 1.

    Half, since the labels' probabilities tell a part of the same: both take like genes to have like edges.
    """
    if is_edge.sum() < 2 or (~is_edge).sum() < 2:
        return 1.0
    values = evidence[pairs[0], pairs[1]]
    spread = values.std()
    if spread == 0:
        return 1.0
    fitted = LogisticRegression().fit(values[:, None] / spread, is_edge)
    return float(np.clip(0.5 * fitted.coef_[0, 0] / spread, 0, 1))
