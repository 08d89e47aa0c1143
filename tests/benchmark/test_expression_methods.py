"""Methods that read the expression alone, against derivations of their own."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse
from sklearn import linear_model
from sklearn.ensemble import RandomForestRegressor

from infosem.benchmark import Labels, methods
from infosem.benchmark.methods._expression import dense_expression, standardised_expression

NO_LABELS = Labels(np.zeros(0, int), np.zeros(0, int), np.zeros(0, bool))
REGULATORS = np.array([4, 0, 9])


def test_clr_by_the_definition(cells: AnnData) -> None:
    score = methods.CLR().score(cells, REGULATORS, NO_LABELS, seed=0)
    correlation = np.abs(np.corrcoef(dense_expression(cells).T))

    def stands_out(i: int, j: int) -> float:
        others = [correlation[i, k] for k in range(24) if k != i]
        return max(0.0, (correlation[i, j] - np.mean(others)) / np.std(others))

    for row, i in enumerate(REGULATORS):
        for j in set(range(24)) - {i}:
            assert score[row, j] == pytest.approx(np.sqrt(stands_out(i, j) ** 2 + stands_out(j, i) ** 2), abs=1e-6)


@pytest.mark.parametrize("method", [methods.CLR(), methods.Ridge(), methods.GENIE3(n_trees=5), methods.TargetLevel()])
def test_a_gene_that_does_not_vary_has_finite_scores(cells: AnnData, method: object) -> None:
    X = dense_expression(cells)
    X[:, 9] = 0.0
    score = method.score(AnnData(sparse.csr_matrix(X)), REGULATORS, NO_LABELS, seed=0)
    assert np.isfinite(score).all()
    assert not score[:, 9].any()


@pytest.mark.parametrize("penalty", [0.1, 1.0])
def test_ridge_is_scikit_learns_without_the_gene_itself(cells: AnnData, penalty: float) -> None:
    score = methods.Ridge(penalty=penalty).score(cells, REGULATORS, NO_LABELS, seed=0)
    z = standardised_expression(cells).T.astype(float)
    for j in range(24):
        others = j != REGULATORS
        fitted = linear_model.Ridge(alpha=penalty * cells.n_obs).fit(z[:, REGULATORS[others]], z[:, j])
        np.testing.assert_allclose(score[others, j], np.abs(fitted.coef_), atol=1e-5)
        assert (score[~others, j] == 0).all()


def test_genie3_is_the_variance_that_a_forest_explains(cells: AnnData) -> None:
    score = methods.GENIE3(n_trees=30).score(cells, np.arange(6), NO_LABELS, seed=0)
    z = standardised_expression(cells).T
    forest = RandomForestRegressor(30, max_features="sqrt", random_state=10).fit(z[:, :6], z[:, 10])
    explained = []
    for tree, drawn in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        y, fitted = z[drawn, 10], tree.predict(z[drawn, :6])
        explained.append(y.var() - ((y - fitted) ** 2).mean())
    assert score[:, 10].sum() == pytest.approx(np.mean(explained), rel=1e-4)
    np.testing.assert_allclose(score[:, 10] / score[:, 10].sum(), forest.feature_importances_, rtol=0.05)
    assert (score[np.arange(6), np.arange(6)] == 0).all()


def test_genie3_finds_the_regulator() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 5))
    x[:, 4] = np.sin(2 * x[:, 1]) + 0.3 * rng.standard_normal(200)
    score = methods.GENIE3(n_trees=40).score(AnnData(x), np.arange(4), NO_LABELS, seed=0)
    assert score[:, 4].argmax() == 1
    assert score[1, 4] > 0.5 > score[[0, 2, 3], 4].max()


@pytest.mark.parametrize("as_stored", [np.asarray, sparse.csr_matrix])
def test_the_target_level_is_the_mean_whoever_regulates(cells: AnnData, as_stored: object) -> None:
    X = dense_expression(cells)
    score = methods.TargetLevel().score(AnnData(as_stored(X)), REGULATORS, NO_LABELS, seed=0)
    np.testing.assert_allclose(score, np.tile(X.mean(0), (3, 1)), rtol=1e-6)
