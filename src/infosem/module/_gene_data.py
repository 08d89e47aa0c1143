"""Data about the genes that the module is built from, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from infosem.statistics._count_moments import CountMoments


@dataclass(frozen=True)
class GeneData:
    """Data about the genes that the module is built from.

    Attributes
    ----------
    names
        Names of the genes, ``(G,)``.
    varies
        Whether each gene varies over the cells, boolean ``(G,)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    n_counted
        Number :math:`M` of entries of the expression matrix that the likelihood counts.
    embeddings
        Text embedding of each gene, ``(G, d)``. Embeddings are centred and have a mean squared norm of one; genes
        without one have a row of zeros. ``None`` if no embeddings are registered.
    pairs, is_edge
        Regulator row and target column of the observed pairs, ``(2, P_obs)``, and whether each is a known edge.
        ``None`` if no interactions are registered.
    counts
        Mean and dispersion of the counts of each gene. ``None`` if the registered expression is log-normalised.
    """

    names: Sequence[str]
    varies: Tensor
    regulators: Tensor
    n_counted: int
    embeddings: Tensor | None = None
    pairs: Tensor | None = None
    is_edge: Tensor | None = None
    counts: CountMoments | None = None
