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


@dataclass(frozen=True, kw_only=True)
class InfoSEMBC(StructuralMethod):
    """InfoSEM with the text prior and the training labels as known interactions (Eqs. 10-13, 15).

    Parameters
    ----------
    embedding_key
        Key of the gene embeddings in ``varm``.
    embedding_weight, interaction_weight, rank
        Arguments of :class:`infosem.InfoSEM`.
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
            prior="embedding+interactions",
            embedding=gene_embedding(adata, self.embedding_key),
            labels=labels,
            embedding_weight=self.embedding_weight,
            interaction_weight=self.interaction_weight,
            rank=self.rank,
        )
        return strength(model, regulators)
