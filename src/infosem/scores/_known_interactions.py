"""Evidence from known interactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from infosem.data._settings import register
from infosem.scores._edge_data import EdgeData
from infosem.scores._evidence import Evidence
from infosem.scores._kernel_edges import EDGE_PROBABILITY


@register
@dataclass(frozen=True, kw_only=True)
class KnownInteractions(Evidence):
    r"""Log ratio :math:`\log(p_{ij} / \bar p)` of the edge probability to the share of edges among labelled pairs.

    If all labels are of one kind, the evidence is the log odds of the known pairs, and zero for all other pairs. With
    labels of both kinds, the preceding terms are multiplied by half the slope of a logistic regression of the labels on
    these terms, limited to values between zero and one.
    """

    name: ClassVar[str] = "interactions"

    def applies(self, edges: EdgeData) -> bool:
        """Return whether there are edge probabilities that are not a factor of the adjacency."""
        return edges.facts.logits is not None

    def log_score(self, edges: EdgeData) -> np.ndarray:
        """See :meth:`Evidence.log_score`."""
        facts = edges.facts
        assert facts.logits is not None
        assert facts.pairs is not None
        assert facts.is_edge is not None
        if facts.labels_reach_others:
            return np.log(facts.probability / facts.is_edge.mean()).astype(np.float32)
        evidence = np.zeros(facts.logits.shape, dtype=np.float32)
        evidence[facts.pairs[0], facts.pairs[1]] = np.where(facts.is_edge, 1, -1) * logit(EDGE_PROBABILITY)
        return evidence

    def worth_of_others(self, edges: EdgeData) -> float:
        """See :meth:`Evidence.worth_of_others`."""
        assert edges.facts.pairs is not None
        assert edges.facts.is_edge is not None
        return 1.0 if edges.so_far is None else worth_beside(edges.so_far, edges.facts.pairs, edges.facts.is_edge)


def worth_beside(evidence: np.ndarray, pairs: np.ndarray, is_edge: np.ndarray) -> float:
    """Return the weight of evidence relative to the labels, between zero and one.

    This is half the slope of a logistic regression of the labels on the evidence. Half is taken because evidence and
    edge probabilities share information: both assume that similar genes have similar edges.

    Parameters
    ----------
    evidence
        Evidence of each pair in nats, ``(R, G)``.
    pairs, is_edge
        Observed pairs, ``(2, P)``, and whether each is an edge.
    """
    if is_edge.sum() < 2 or (~is_edge).sum() < 2:
        return 1.0
    values = evidence[pairs[0], pairs[1]]
    spread = values.std()
    if spread == 0:
        return 1.0
    fitted = LogisticRegression().fit(values[:, None] / spread, is_edge)
    return float(np.clip(0.5 * fitted.coef_[0, 0] / spread, 0, 1))
