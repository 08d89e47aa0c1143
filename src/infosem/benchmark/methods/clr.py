"""Context likelihood of relatedness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels, Method
from infosem.data._blocks import blocks_of_cells
from infosem.data._correlation import pearson_correlation


@dataclass(frozen=True, kw_only=True)
class CLR(Method):
    r"""Correlation of two genes relative to their correlations with all other genes (Faith et al. 2007).

    .. math:: \sqrt{z_{ij}^2 + z_{ji}^2}, \qquad z_{ij} = \max\Big(0, \frac{c_{ij} - \mu_i}{\sigma_i}\Big), \qquad
              c_{ij} = |\mathrm{cor}(X_i, X_j)|

    where :math:`\mu_i` and :math:`\sigma_i` are the mean and standard deviation of :math:`c_{ik}` over all other genes
    :math:`k`. The published method uses mutual information instead of :math:`c`. A constant gene scores zero as a
    regulator.
    """

    title: ClassVar[str] = "CLR"
    uses_expression: ClassVar[bool] = True

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        correlation = np.abs(pearson_correlation(blocks_of_cells(adata.X), np.arange(adata.n_vars), adata.n_vars))
        others = np.ma.masked_array(correlation, np.eye(adata.n_vars, dtype=bool))
        mean, sd = (moment.filled(0.0)[:, None] for moment in (others.mean(axis=1), others.std(axis=1)))
        z = np.maximum(0, np.divide(correlation - mean, sd, out=np.zeros_like(correlation), where=sd > 0))
        return np.hypot(z, z.T)[regulators]
