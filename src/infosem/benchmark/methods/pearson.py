"""Absolute Pearson correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels, Method
from infosem.data._blocks import blocks_of_cells
from infosem.data._correlation import pearson_correlation


@dataclass(frozen=True, kw_only=True)
class Pearson(Method):
    r"""Correlation :math:`|\mathrm{cor}(X_i, X_j)|` over all cells, including zeros. Constant genes score zero."""

    title: ClassVar[str] = "|Pearson|"
    uses_expression: ClassVar[bool] = True

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        return np.abs(pearson_correlation(blocks_of_cells(adata.X), regulators, adata.n_vars))
