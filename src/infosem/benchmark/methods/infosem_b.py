"""InfoSEM-B: InfoSEM with a text prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels
from infosem.benchmark.methods._embeddings import EmbeddingControl, gene_embedding
from infosem.benchmark.methods._structural import StructuralMethod, strength
from infosem.data import _keys
from infosem.model._infosem import InfoSEM
from infosem.module import TextPrior


@dataclass(frozen=True, kw_only=True)
class InfoSEMB(StructuralMethod):
    """InfoSEM with the text prior (Eqs. 9, 14), without labels.

    Parameters
    ----------
    embedding_key
        Key of the gene embeddings in ``varm``.
    control
        Control that replaces the embeddings: ``"permuted"``, ``"random"`` or ``"one-hot"``.
    embedding_weight
        Weight of the prior.
    """

    title: ClassVar[str] = "InfoSEM-B"
    uses_text: ClassVar[bool] = True
    embedding_key: str = _keys.GENE_EMBEDDING
    control: EmbeddingControl = "none"
    embedding_weight: float = 1e3

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        embedding = gene_embedding(adata, self.embedding_key, self.control, seed=seed)
        model = self._fit(
            adata,
            regulators,
            seed=seed,
            prior=TextPrior(weight=self.embedding_weight),
            embedding=embedding,
        )
        return self._read(model, regulators)

    def _read(self, model: InfoSEM, regulators: np.ndarray) -> np.ndarray:
        return strength(model, regulators)
