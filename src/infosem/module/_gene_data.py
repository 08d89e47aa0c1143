"""What the module needs to know of the genes, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class GeneData:
    """What the module needs to know of the genes.

    Attributes
    ----------
    names
        Names of the genes, ``(G,)``.
    mean, sd
        Location and scale of the standardisation, ``(G,)``.
    varies
        Genes that are not constant over the cells, boolean ``(G,)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    n_counted
        Number :math:`M` of entries of the expression that the likelihood counts.
    embeddings
        Text embedding of each gene, centred, of a mean squared norm of one, zero where there is none, ``(G, d)``;
        ``None`` if none are registered.
    pairs, is_edge
        Observed pairs (regulator row, target column), ``(2, P_obs)``, and which of them are known edges; ``None`` if no
        interactions are registered.
    """

    names: Sequence[str]
    mean: Tensor
    sd: Tensor
    varies: Tensor
    regulators: Tensor
    n_counted: int
    embeddings: Tensor | None = None
    pairs: Tensor | None = None
    is_edge: Tensor | None = None
