"""InfoSEM with default settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels
from infosem.benchmark.methods._embeddings import EmbeddingControl, gene_embedding
from infosem.benchmark.methods._structural import StructuralMethod, strength
from infosem.data import _keys


@dataclass(frozen=True, kw_only=True)
class WithoutText(StructuralMethod):
    """InfoSEM with default settings and without priors, scored by :meth:`infosem.InfoSEM.get_strength`.

    It is trained with the joint schedule.
    """

    title: ClassVar[str] = "infosem, expression only"
    preset: ClassVar[Literal["default", "paper"]] = "default"
    standardise: Literal["auto", "non-zero", "all"] = "auto"
    max_epochs: int | None = None

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        known = labels if self.uses_labels else None
        model = self._fit(adata, regulators, seed=seed, embedding=self._embedding(adata, seed), labels=known)
        return strength(model, regulators)

    def _embedding(self, adata: AnnData, seed: int) -> np.ndarray | None:
        return None


@dataclass(frozen=True, kw_only=True)
class Default(WithoutText):
    """InfoSEM with default settings and gene text, without labels.

    Parameters
    ----------
    embedding_key
        Key of the gene embeddings in ``varm``, or several keys, which are combined.
    control
        Control that replaces the embeddings: ``"permuted"``, ``"random"`` or ``"one-hot"``.
    """

    title: ClassVar[str] = "infosem"
    uses_text: ClassVar[bool] = True
    embedding_key: str | tuple[str, ...] = _keys.GENE_EMBEDDING
    control: EmbeddingControl = "none"

    def _embedding(self, adata: AnnData, seed: int) -> np.ndarray:
        return gene_embedding(adata, self.embedding_key, self.control, seed=seed)


@dataclass(frozen=True, kw_only=True)
class DefaultEnsemble(Default):
    """Mean edge strength over models with different seeds, as in :func:`infosem.train_ensemble`.

    Parameters
    ----------
    n_models
        Number of models.
    """

    title: ClassVar[str] = "infosem, ensemble"
    n_models: int = 10

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        embedding = self._embedding(adata, seed)
        seeds = seed * self.n_models + np.arange(self.n_models)
        models = (self._fit(adata, regulators, seed=int(member), embedding=embedding) for member in seeds)
        return np.mean([strength(model, regulators) for model in models], axis=0)


@dataclass(frozen=True, kw_only=True)
class DefaultWithInteractions(Default):
    """InfoSEM with default settings, gene text, and the training labels as known interactions."""

    title: ClassVar[str] = "infosem, known interactions"
    uses_labels: ClassVar[bool] = True
