"""Ridge regression of each gene on the regulators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels, Method
from infosem.benchmark.methods._expression import standardised_expression


@dataclass(frozen=True, kw_only=True)
class Ridge(Method):
    r"""Absolute coefficients of the ridge regression of each standardised gene on the standardised regulators.

    .. math:: \hat\beta_j = \arg\min_\beta \frac{1}{N} \Big\lVert z_j - \sum_{i \ne j} \beta_i z_i \Big\rVert^2
              + \lambda \lVert \beta \rVert^2

    over the :math:`N` cells. A gene is not a regressor of itself. If the target is a regulator, its coefficients follow
    from the inverse :math:`K` of the penalised correlation matrix of all regulators, :math:`\hat\beta_{ij} = -K_{ij} /
    K_{jj}`.

    Parameters
    ----------
    penalty
        Penalty :math:`\lambda`. At one, it equals the variance of a regulator.
    """

    title: ClassVar[str] = "Ridge"
    uses_expression: ClassVar[bool] = True
    penalty: float = 1.0

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        z = standardised_expression(adata).astype(float)
        of_regulators = z[regulators]
        penalised = of_regulators @ of_regulators.T / adata.n_obs + self.penalty * np.eye(len(regulators))
        K = np.linalg.inv(penalised)
        coefficients = K @ (of_regulators @ z.T) / adata.n_obs
        coefficients[:, regulators] = -K / np.diag(K)
        coefficients[np.arange(len(regulators)), regulators] = 0.0
        return np.abs(coefficients)
