"""Logistic regression on the text embeddings of the two genes, without expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels, Method
from infosem.benchmark.methods.one_hot import cross_validated_logistic


@dataclass(frozen=True, kw_only=True)
class TextRegression(Method):
    r"""Logistic regression :math:`\mathrm{logit}\,p_{ij} = [h_i, h_j] w + c`: what text and labels say alone.

    The embeddings are standardised over genes (missing ones at the mean); the penalty is chosen as for
    :class:`~infosem.benchmark.methods.OneHot`. The score is the logit.

    Parameters
    ----------
    embedding_key
        Key of the gene embeddings in ``varm``.
    inverse_penalties
        Candidates of scikit-learn's ``C``.
    n_folds
        Folds of the cross-validation.
    """

    title: ClassVar[str] = "Text LR"
    uses_labels: ClassVar[bool] = True
    uses_text: ClassVar[bool] = True
    embedding_key: str = "gene_embedding"
    inverse_penalties: tuple[float, ...] = (1e-4, 1e-3, 1e-2)
    n_folds: int = 3

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`Method.score`."""
        H = np.asarray(adata.varm[self.embedding_key], dtype=np.float32)
        sd = np.nanstd(H, axis=0)
        H = np.nan_to_num((H - np.nanmean(H, axis=0)) / np.where(sd > 0, sd, 1.0))
        features = np.concatenate([H[labels.source], H[labels.target]], axis=1)
        w = cross_validated_logistic(features, labels.is_edge, self.inverse_penalties, self.n_folds)
        d = H.shape[1]
        return (H[regulators] @ w[:d])[:, None] + (H @ w[d:])[None]
