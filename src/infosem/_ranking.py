r"""What ranks the edges: evidence of several kinds, whose logarithms add up.

.. math:: \log E_{ij} = s \left( \tfrac{1}{3} \left[ e^{\text{association}}_{ij} + e^{\text{direct}}_{ij}
          + \tfrac{1}{2} \ell_i \right] + e^{\text{text}}_{ij} \right) + \log \frac{p_{ij}}{\bar p}

- *association*: of the two genes, against the background of both (:mod:`infosem._evidence`);
- *direct*: the size :math:`|A_{ij}|` of the regulator's direct effect;
- *level*: :math:`\ell_i`, the logarithm of the regulator's total effect over that of an average one;
- *text*: the likeness of the two genes' texts (:mod:`infosem._text_likeness`), and what genes of like texts have, as
  far as both agree with the expression;
- *interactions*: the probability :math:`p_{ij}` from known interactions over that of an average pair; with labels of
  both kinds, :math:`s` is what the other evidence is worth, estimated from them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression, RidgeCV

from infosem._edge_probability import EDGE_PROBABILITY
from infosem._evidence import strongest, surprisal

_PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
_FEWEST_GENES = 10
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
    total = size.sum(1, dtype=np.float64)
    total = total + max(_PRIOR_SHARE * total.mean(), np.finfo(float).tiny)
    level = np.log(total / total.mean())
    return {
        "association": np.float32(1 - direct_share) * association,
        "direct": np.float32(direct_share) * surprisal(size, possible),
        "level": np.where(possible, direct_share * level[:, None], 0).astype(np.float32),
    }


def total_evidence(parts: Mapping[str, np.ndarray]) -> np.ndarray:
    """The sum of the parts, ``(R, G)``."""
    first, *others = parts.values()
    return np.asarray(sum(others, first))


def text_part(
    likeness: np.ndarray, embeddings: np.ndarray, regulators: np.ndarray, expression: np.ndarray, possible: np.ndarray
) -> np.ndarray:
    r"""Evidence of the text, ``(R, G)``, in nats.

    .. math:: w\, e^{\text{likeness}}_{ij} + h_i w_1 + h_j w_2

    *Levels* (Eq. 9 of the paper): what genes of a like text have, of evidence of the expression, on average over their
    targets and over their regulators (:func:`_levels`).

    *Likeness*: among pairs that have nothing to do with each other its mean is one. The strongest pairs by the
    expression have a mean of :math:`1 + \Delta`: as far as text and expression agree, :math:`\Delta > 0`, and the
    likelihood ratio of two exponential distributions gives the weight :math:`w = \Delta / (1 + \Delta)`.

    Parameters
    ----------
    likeness
        ``(R, G)``.
    embeddings
        Text of each gene, zero where there is none, ``(G, d)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    expression
        Evidence of the expression, ``(R, G)``.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    """
    evidence = surprisal(likeness, possible)
    values, order = evidence[possible], expression[possible]
    if not len(values):
        return evidence
    agreement = max(0.0, float(values[strongest(order)].mean()) - 1)
    there = embeddings.any(1)
    counts = possible.sum(1), possible.sum(0)
    of_regulators = _levels(expression.sum(1) / np.maximum(counts[0], 1), embeddings[regulators], counts[0] > 0)
    of_genes = _levels(expression.sum(0) / np.maximum(counts[1], 1), embeddings, (counts[1] > 0) & there)
    evidence *= np.float32(agreement / (1 + agreement))
    return np.where(possible, evidence + of_regulators[:, None] + of_genes, 0).astype(np.float32)


def _levels(means: np.ndarray, embeddings: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Deviation of every gene's mean evidence from the average, as genes of like texts have it, ``(n,)``.

    Ridge regression with the penalty of the best predictions of genes that are left out, and these predictions as its
    values; zeros if the average of all predicts better.
    """
    levels = np.zeros(len(means))
    counts = counts & embeddings.any(1)
    if counts.sum() < _FEWEST_GENES or np.ptp(means[counts]) == 0:
        return levels
    values, features = means[counts] - means[counts].mean(), embeddings[counts]
    fitted = RidgeCV(alphas=_PENALTIES, store_cv_results=True).fit(features, values)
    errors = fitted.cv_results_[:, list(_PENALTIES).index(fitted.alpha_)]
    # an average of the others predicts a gene that is left out
    alone = np.square(values * len(values) / (len(values) - 1))
    gain = 1 - errors.mean() / alone.mean()
    if gain > 2 * np.std(errors - alone) / alone.mean() / np.sqrt(len(values)):
        levels[counts] = fitted.predict(features)
    return levels


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
    """What a nat of evidence is worth by the labels: the slope of a logistic regression, between 0 and 1."""
    if is_edge.sum() < 2 or (~is_edge).sum() < 2:
        return 1.0
    values = evidence[pairs[0], pairs[1]]
    spread = values.std()
    if spread == 0:
        return 1.0
    fitted = LogisticRegression().fit(values[:, None] / spread, is_edge)
    return float(np.clip(fitted.coef_[0, 0] / spread, 0, 1))
