"""InfoSEM-BC: InfoSEM with priors from text and known interactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels
from infosem.benchmark.methods._embeddings import gene_embedding
from infosem.benchmark.methods._structural import StructuralMethod, strength
from infosem.data import _keys
from infosem.module import LowRankEdges, TextPrior


@dataclass(frozen=True, kw_only=True)
class InfoSEMBC(StructuralMethod):
    """InfoSEM with the text prior and the training labels as known interactions (Eqs. 10-13, 15).

    Parameters
    ----------
    embedding_key
        Key of the gene embeddings in ``varm``.
    embedding_weight
        Weight of :class:`infosem.module.TextPrior`.
    interaction_weight, rank
        Weight and rank of :class:`infosem.module.LowRankEdges`.
    """

    title: ClassVar[str] = "InfoSEM-BC"
    uses_labels: ClassVar[bool] = True
    uses_text: ClassVar[bool] = True
    embedding_key: str = _keys.GENE_EMBEDDING
    embedding_weight: float = 1e3
    interaction_weight: float = 0.1
    rank: int = 128

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        model = self._fit(
            adata,
            regulators,
            seed=seed,
            prior=TextPrior(weight=self.embedding_weight),
            embedding=gene_embedding(adata, self.embedding_key),
            labels=labels,
            edge_model=LowRankEdges(rank=self.rank, weight=self.interaction_weight),
        )
        return strength(model, regulators)
