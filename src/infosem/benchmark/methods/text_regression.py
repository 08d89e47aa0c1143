"""Logistic regression on text embeddings, without expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold

from infosem.benchmark._method import Labels, Method
from infosem.benchmark.methods._embeddings import gene_embedding
from infosem.data import _keys


@dataclass(frozen=True, kw_only=True)
class TextRegression(Method):
    r"""Logistic regression :math:`\mathrm{logit}\,p_{ij} = [h_i, h_j] w + c` on text embeddings, without expression.

    The embeddings are standardised over genes, and missing ones are set to the mean. The inverse of the L2 penalty is
    chosen by cross-validation on the training labels. The score is the logit.

    Parameters
    ----------
    embedding_key
        Key of the gene embeddings in ``varm``, or several keys, which are combined.
    inverse_penalties
        Candidate values of ``C`` in scikit-learn.
    n_folds
        Number of cross-validation folds.
    """

    title: ClassVar[str] = "Text LR"
    uses_labels: ClassVar[bool] = True
    uses_text: ClassVar[bool] = True
    embedding_key: str | tuple[str, ...] = _keys.GENE_EMBEDDING
    inverse_penalties: tuple[float, ...] = (1e-4, 1e-3, 1e-2)
    n_folds: int = 3

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        H = gene_embedding(adata, self.embedding_key)
        sd = np.nanstd(H, axis=0)
        H = np.nan_to_num((H - np.nanmean(H, axis=0)) / np.where(sd > 0, sd, 1.0))
        u, v = fit_pair_logistic(H, labels, self._best_penalty(H, labels, seed))
        return u[regulators, None] + v[None, :]

    def _best_penalty(self, H: np.ndarray, labels: Labels, seed: int) -> float:
        """Return the candidate with the best mean AUPRC on left-out folds."""
        auprc = np.zeros(len(self.inverse_penalties))
        folds = StratifiedKFold(self.n_folds, shuffle=True, random_state=seed)
        for kept, left_out in folds.split(labels.source, labels.is_edge):
            training = Labels(labels.source[kept], labels.target[kept], labels.is_edge[kept])
            for i, C in enumerate(self.inverse_penalties):
                u, v = fit_pair_logistic(H, training, C)
                logit = u[labels.source[left_out]] + v[labels.target[left_out]]
                auprc[i] += average_precision_score(labels.is_edge[left_out], logit)
        return self.inverse_penalties[int(np.argmax(auprc))]


def fit_pair_logistic(H: np.ndarray, labels: Labels, inverse_penalty: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Fit a penalised logistic regression on :math:`[h_i, h_j]` and return :math:`u = H w_1` and :math:`v = H w_2`.

    The objective is :math:`C \sum_n \log(1 + e^{-y_n f_n}) + \frac{1}{2} \lVert w \rVert^2` with :math:`f_n = u_i + v_j
    + c`. The feature matrix of pairs is never built, so that an evaluation takes :math:`O(P + G d)`.

    Parameters
    ----------
    H
        Gene embeddings, ``(G, d)``.
    labels
        Labels of :math:`P` pairs.
    inverse_penalty
        Inverse penalty :math:`C`.
    """
    G, d = H.shape
    y = labels.is_edge.astype(float)

    def objective(w: np.ndarray) -> tuple[float, np.ndarray]:
        f = (H @ w[:d])[labels.source] + (H @ w[d:-1])[labels.target] + w[-1]
        residual = expit(f) - y
        by_source = np.bincount(labels.source, residual, minlength=G)
        by_target = np.bincount(labels.target, residual, minlength=G)
        gradient = inverse_penalty * np.concatenate([by_source @ H, by_target @ H, [residual.sum()]])
        gradient[:-1] += w[:-1]
        return inverse_penalty * float(np.logaddexp(0, f).sum() - f @ y) + 0.5 * float(w[:-1] @ w[:-1]), gradient

    w = minimize(objective, np.zeros(2 * d + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return H @ w[:d], H @ w[d:-1]
