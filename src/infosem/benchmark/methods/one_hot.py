"""Logistic regression on one-hot vectors of the two genes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from infosem.benchmark._method import Labels, Method


@dataclass(frozen=True, kw_only=True)
class OneHot(Method):
    r"""L2-penalised logistic regression :math:`\mathrm{logit}\,p_{ij} = a_i + b_j + c`, without expression.

    The inverse penalty is chosen by cross-validation on the training labels. A gene without labels has
    :math:`a_i = 0` or :math:`b_j = 0`. The score is the logit.

    Parameters
    ----------
    inverse_penalties
        Candidate values of ``C`` in scikit-learn.
    n_folds
        Number of cross-validation folds.
    """

    title: ClassVar[str] = "One-hot LR"
    uses_labels: ClassVar[bool] = True
    inverse_penalties: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0)
    n_folds: int = 3

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        n, G = len(labels), adata.n_vars
        columns = np.concatenate([labels.source, G + labels.target])
        features = sparse.csr_matrix((np.ones(2 * n), (np.tile(np.arange(n), 2), columns)), shape=(n, 2 * G))
        # solvers of scikit-learn require 32-bit indices
        features.indices, features.indptr = features.indices.astype(np.int32), features.indptr.astype(np.int32)
        search = GridSearchCV(
            LogisticRegression(max_iter=300),
            {"C": self.inverse_penalties},
            scoring="average_precision",
            cv=StratifiedKFold(self.n_folds, shuffle=True, random_state=seed),
        )
        coefficients = search.fit(features, labels.is_edge).best_estimator_.coef_.ravel()
        return np.asarray(coefficients[:G][regulators, None] + coefficients[None, G:])
