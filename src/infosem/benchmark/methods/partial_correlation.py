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
    r""":math:`|\Omega_{ij}| / \sqrt{\Omega_{ii} \Omega_{jj}}`, :math:`\Omega` the inverse of the shrunk correlations.

    The correlation matrix is shrunk towards the identity as far as Ledoit and Wolf (2004) say, since genes outnumber
    cells.
    """

    title: ClassVar[str] = "|partial correlation|"
    uses_expression: ClassVar[bool] = True

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        covariance, _ = ledoit_wolf(StandardScaler().fit_transform(dense_expression(adata)))
        # genes that do not vary keep a variance of about zero
        covariance[np.diag_indices_from(covariance)] += 1e-9
        precision = np.linalg.inv(covariance)
        scale = np.sqrt(np.diag(precision))
        return np.abs(precision / np.outer(scale, scale))[regulators]
