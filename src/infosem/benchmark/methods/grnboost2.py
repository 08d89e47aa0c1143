"""GRNBoost2: gradient boosting regression of each gene on the regulators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData
from joblib import Parallel, delayed
from sklearn.ensemble import GradientBoostingRegressor

from infosem.benchmark._method import Labels, Method
from infosem.benchmark.methods._expression import dense_expression


@dataclass(frozen=True, kw_only=True)
class GRNBoost2(Method):
    """Importance of each regulator in a gradient boosting regression of each gene (Moerman et al. 2019).

    Boosting stops when the mean out-of-bag improvement over the last ``window`` trees is negative. Importances sum to
    one and are multiplied by the number of trees, so that genes which the regulators explain better get higher scores.
    A gene is not a regressor of itself. Targets run in parallel as configured with ``joblib.parallel_config``.

    Parameters
    ----------
    learning_rate, n_trees, max_features, subsample
        Settings of boosting. The defaults are the published values; ``n_trees`` is the maximum.
    window
        Number of trees over which the out-of-bag improvement is averaged.
    """

    title: ClassVar[str] = "GRNBoost2"
    uses_expression: ClassVar[bool] = True
    learning_rate: float = 0.01
    n_trees: int = 5000
    max_features: float = 0.1
    subsample: float = 0.9
    window: int = 25

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        X = dense_expression(adata).astype(np.float32)
        columns = Parallel()(delayed(self._importances)(X, regulators, j, seed + j) for j in range(X.shape[1]))
        return np.stack(columns, axis=1)

    def _importances(self, X: np.ndarray, regulators: np.ndarray, target: int, seed: int) -> np.ndarray:
        others = regulators != target
        importances = np.zeros(len(regulators))
        if not others.any():
            return importances
        model = GradientBoostingRegressor(
            learning_rate=self.learning_rate,
            n_estimators=self.n_trees,
            max_features=self.max_features,
            subsample=self.subsample,
            random_state=seed,
        )
        model.fit(X[:, regulators[others]], X[:, target], monitor=self._stop)
        importances[others] = model.feature_importances_ * len(model.estimators_)
        return importances

    def _stop(self, i: int, model: GradientBoostingRegressor, _: object) -> bool:
        return i + 1 >= self.window and bool(np.mean(model.oob_improvement_[i + 1 - self.window : i + 1]) < 0)
