"""What is known of the edges besides the adjacency, and what the evidence terms read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class EdgeFacts:
    """What the data tell of every pair of a regulator and a gene, besides the adjacency that is learned.

    Attributes
    ----------
    signs
        Sign of the correlation of every regulator with every gene, zero within noise, int8 ``(R, G)``.
    profiles
        Profile of expression of each gene (:mod:`infosem.statistics._profiles`), ``(G, k)``.
    embeddings
        Text embedding of each gene, centred, of a mean squared norm of one, zero where there is none, ``(G, d)``;
        ``None`` if none are registered.
    pairs, is_edge
        Observed pairs (regulator row, target column), ``(2, P)``, and which of them are known edges; ``None`` if no
        interactions are registered.
    logits
        Log odds of every edge from the known interactions (:class:`infosem.scores.KernelEdges`), ``(R, G)``.
    association
        Evidence of the association of every pair, in nats, ``(R, G)``; ``None`` before training.
    direct_share
        Weight of the direct effects in the evidence of the expression, from zero to one.
    agreement
        How far two halves of the cells agree on the strongest pairs, in standard errors; ``None`` before training.
    """

    signs: np.ndarray
    profiles: np.ndarray
    embeddings: np.ndarray | None = None
    pairs: np.ndarray | None = None
    is_edge: np.ndarray | None = None
    logits: np.ndarray | None = None
    association: np.ndarray | None = None
    direct_share: float = 0.5
    agreement: float | None = None

    @property
    def labels_reach_others(self) -> bool:
        """Whether the labels are of both kinds, so that they tell of pairs that have none."""
        return self.is_edge is not None and bool(self.is_edge.any() and not self.is_edge.all())


@dataclass(frozen=True, kw_only=True)
class EdgeData:
    """What an evidence term reads.

    Attributes
    ----------
    adjacency
        The trained adjacency :math:`A`, row = regulator, column = target, ``(R, G)``.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    gene_names
        Names of the genes.
    facts
        What the data tell of the pairs besides.
    so_far
        Sum of the terms before this one, in nats, ``(R, G)``; ``None`` for the first.
    """

    adjacency: np.ndarray
    possible: np.ndarray
    regulators: np.ndarray
    gene_names: Sequence[str]
    facts: EdgeFacts
    so_far: np.ndarray | None = None
