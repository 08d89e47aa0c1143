"""Absolute partial correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData
from sklearn.covariance import ledoit_wolf
from sklearn.preprocessing import StandardScaler

from infosem.benchmark._method import Labels, Method
from infosem.benchmark.methods._expression import dense_expression


@dataclass(frozen=True, kw_only=True)
class PartialCorrelation(Method):
    r"""Absolute partial correlation :math:`|\Omega_{ij}| / \sqrt{\Omega_{ii} \Omega_{jj}}`.

    :math:`\Omega` is the inverse of the correlation matrix, shrunk towards the identity as in Ledoit and Wolf (2004),
    because genes outnumber cells.
    """

    title: ClassVar[str] = "|partial correlation|"
    uses_expression: ClassVar[bool] = True

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        covariance, _ = ledoit_wolf(StandardScaler().fit_transform(dense_expression(adata)))
        # the variance of constant genes would be zero
        covariance[np.diag_indices_from(covariance)] += 1e-9
        precision = np.linalg.inv(covariance)
        scale = np.sqrt(np.diag(precision))
        return np.abs(precision / np.outer(scale, scale))[regulators]
