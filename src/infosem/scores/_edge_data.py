"""Data about the edges, which kinds of evidence are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from infosem.statistics._group_deviations import GroupNetworks


@dataclass(frozen=True, kw_only=True)
class EdgeFacts:
    """Data about each pair of a regulator and a gene, apart from the learned adjacency.

    Attributes
    ----------
    signs
        Sign of the correlation of each regulator with each gene, int8 ``(R, G)``. It is zero within noise.
    profiles
        Expression profile of each gene, ``(G, k)``. Profiles are the coordinates in the leading patterns of the
        correlations between genes.
    embeddings
        Text embedding of each gene, ``(G, d)``. Embeddings are centred and have a mean squared norm of one; genes
        without one have a row of zeros. ``None`` if no embeddings are registered.
    pairs, is_edge
        Regulator row and target column of the observed pairs, ``(2, P)``, and whether each is a known edge. ``None`` if
        no interactions are registered.
    logits
        Log odds of each edge given the known interactions (:class:`infosem.scores.KernelEdges`), ``(R, G)``. ``None``
        without known interactions, and with low-rank probabilities.
    association
        Evidence from the association of each pair, in nats, ``(R, G)``. ``None`` before training.
    direct_share
        Weight of the direct effects in the evidence from the expression, from zero to one.
    agreement
        Agreement of two halves of the cells on the strongest pairs, in standard errors. ``None`` before training.
    groups
        Networks of groups of cells. ``None`` before training, and without groups.
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
    groups: GroupNetworks | None = None

    @property
    def probability(self) -> np.ndarray | None:
        """Edge probabilities from the known interactions, ``(R, G)`` float32, or ``None`` without them."""
        return None if self.logits is None else torch.as_tensor(self.logits).sigmoid().numpy()

    def of_group(self, group: int) -> EdgeFacts:
        """Return the facts with the association and the signs of a group of cells."""
        assert self.groups is not None
        return replace(self, signs=self.groups.signs[group], association=self.groups.association[group])

    @property
    def labels_reach_others(self) -> bool:
        """Whether there are labels of both kinds, so that they generalise to pairs without labels."""
        return self.is_edge is not None and bool(self.is_edge.any() and not self.is_edge.all())


@dataclass(frozen=True, kw_only=True)
class EdgeData:
    """Data that a kind of evidence can use.

    Attributes
    ----------
    adjacency
        Trained adjacency :math:`A`, ``(R, G)``. Rows are regulators, columns are target genes.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    gene_names
        Names of the genes.
    facts
        Other data about the pairs.
    so_far
        Sum of the preceding terms, in nats, ``(R, G)``. ``None`` for the first term.
    """

    adjacency: np.ndarray
    possible: np.ndarray
    regulators: np.ndarray
    gene_names: Sequence[str]
    facts: EdgeFacts
    so_far: np.ndarray | None = None
