"""Evidence of known interactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from infosem.data._settings import register
from infosem.scores._edge_data import EdgeData
from infosem.scores._evidence import Evidence
from infosem.scores._kernel_edges import EDGE_PROBABILITY


@register
@dataclass(frozen=True, kw_only=True)
class KnownInteractions(Evidence):
    r"""Probability of an edge over the share of edges among labelled pairs, :math:`\log(p_{ij} / \bar p)`.

    With labels of one kind only, it is the log odds of a known pair and zero for others. With labels of both kinds the
    other terms are scaled by what they are worth beside the labels (:func:`worth_beside`).
    """

    name: ClassVar[str] = "interactions"

    def applies(self, edges: EdgeData) -> bool:
        """Whether known interactions give probabilities that are not part of the adjacency."""
        return edges.facts.logits is not None

    def log_score(self, edges: EdgeData) -> np.ndarray:
        """See :meth:`Evidence.log_score`."""
        facts = edges.facts
        assert facts.logits is not None
        assert facts.pairs is not None
        assert facts.is_edge is not None
        if facts.labels_reach_others:
            probability = torch.as_tensor(facts.logits).sigmoid().numpy()
            return np.log(probability / facts.is_edge.mean()).astype(np.float32)
        evidence = np.zeros(facts.logits.shape, dtype=np.float32)
        evidence[facts.pairs[0], facts.pairs[1]] = np.where(facts.is_edge, 1, -1) * logit(EDGE_PROBABILITY)
        return evidence

    def worth_of_others(self, edges: EdgeData) -> float:
        """See :meth:`Evidence.worth_of_others`."""
        assert edges.facts.pairs is not None
        assert edges.facts.is_edge is not None
        return 1.0 if edges.so_far is None else worth_beside(edges.so_far, edges.facts.pairs, edges.facts.is_edge)


def worth_beside(evidence: np.ndarray, pairs: np.ndarray, is_edge: np.ndarray) -> float:
    """What a nat of evidence is worth beside the labels: half the slope of a logistic regression, between 0 and 1.

    Half, since the labels' probabilities tell a part of the same: both take like genes to have like edges.

    Parameters
    ----------
    evidence
        ``(R, G)``.
    pairs, is_edge
        The observed pairs, ``(2, P)``, and which of them are edges.
    """
    if is_edge.sum() < 2 or (~is_edge).sum() < 2:
        return 1.0
    values = evidence[pairs[0], pairs[1]]
    spread = values.std()
    if spread == 0:
        return 1.0
    fitted = LogisticRegression().fit(values[:, None] / spread, is_edge)
    return float(np.clip(0.5 * fitted.coef_[0, 0] / spread, 0, 1))
