"""Absolute Spearman correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData
from scipy.stats import rankdata

from infosem.benchmark._method import Labels, Method
from infosem.benchmark.methods._expression import dense_expression
from infosem.data._correlation import pearson_correlation


@dataclass(frozen=True, kw_only=True)
class Spearman(Method):
    """Absolute rank correlation over cells. Ties, most of them zeros, get their mean rank."""

    title: ClassVar[str] = "|Spearman|"
    uses_expression: ClassVar[bool] = True

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        return np.abs(pearson_correlation([rankdata(dense_expression(adata), axis=0)], regulators, adata.n_vars))
