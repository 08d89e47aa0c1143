"""GENIE3: random forest regression of each gene on the regulators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from anndata import AnnData
from joblib import Parallel, delayed
from sklearn.ensemble import RandomForestRegressor

from infosem.benchmark._method import Labels, Method
from infosem.benchmark.methods._expression import standardised_expression


@dataclass(frozen=True, kw_only=True)
class GENIE3(Method):
    r"""Variance reduction by each regulator in a random forest regression of each gene (Huynh-Thu et al. 2010).

    .. math:: \frac{1}{T} \sum_{t=1}^{T} \sum_{s \in S_{it}} \frac{n_s}{N}
              \Big(v_s - \frac{n_{s,\ell}}{n_s} v_{s,\ell} - \frac{n_{s,r}}{n_s} v_{s,r}\Big)

    over the trees :math:`t` and their splits :math:`S_{it}` on regulator :math:`i`. :math:`n` is the number of cells
    and :math:`v` the variance of the target in a node and in its left (:math:`\ell`) and right (:math:`r`) child.
    Targets are scaled to unit variance, as published. A gene is not a regressor of itself. Targets run in parallel as
    configured with ``joblib.parallel_config``.

    Parameters
    ----------
    n_trees, max_features
        Number of trees :math:`T` and number of candidate regulators per split. The defaults are the published values.
    """

    title: ClassVar[str] = "GENIE3"
    uses_expression: ClassVar[bool] = True
    n_trees: int = 1000
    max_features: Literal["sqrt"] | float = "sqrt"

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        X = standardised_expression(adata).T
        columns = Parallel()(delayed(self._importances)(X, regulators, j, seed + j) for j in range(X.shape[1]))
        return np.stack(columns, axis=1)

    def _importances(self, X: np.ndarray, regulators: np.ndarray, target: int, seed: int) -> np.ndarray:
        others = regulators != target
        importances = np.zeros(len(regulators))
        if not others.any():
            return importances
        forest = RandomForestRegressor(self.n_trees, max_features=self.max_features, random_state=seed)
        forest.fit(X[:, regulators[others]], X[:, target])
        of_trees = [tree.tree_.compute_feature_importances(normalize=False) for tree in forest.estimators_]
        importances[others] = np.mean(of_trees, axis=0)
        return importances
