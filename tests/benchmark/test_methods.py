"""Every method on tiny data, and what the simple ones must compute."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from lightning.pytorch.trainer.states import TrainerStatus
from scipy import sparse
from scvi.train import TrainRunner
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from infosem.benchmark import METHODS, Labels, Method, MissingInputError, expected_average_precision, methods
from infosem.benchmark.methods._embeddings import gene_embedding
from infosem.benchmark.methods._expression import dense_expression, standardised_expression
from infosem.benchmark.methods.text_regression import fit_pair_logistic
from infosem.module import LowRankEdges

QUICK = {
    "infosem_expression": {"max_epochs": 2},
    "infosem": {"max_epochs": 2},
    "infosem_interactions": {"max_epochs": 2},
    "deepsem": {"max_epochs": 3},
    "infosem_laplace": {"max_epochs": 3},
    "infosem_b": {"max_epochs": 3},
    "infosem_bc": {"max_epochs": 3, "rank": 4},
    "prior_mean": {"max_epochs": 3},
    "genelink": {"epochs": 1},
    "scgreat": {"epochs": 1, "width": 32, "feedforward": 32},
    "grnboost2": {"n_trees": 30},
    "genie3": {"n_trees": 5},
    "regdiffusion": {"n_steps": 3},
    "infosem_ensemble": {"n_models": 2, "max_epochs": 3},
}
REGULATORS = np.arange(6)


@pytest.fixture
def labels() -> Labels:
    rng = np.random.default_rng(0)
    source, target = (grid.ravel() for grid in np.meshgrid(np.arange(4), np.arange(6, 20), indexing="ij"))
    return Labels(source, target, rng.random(len(source)) < 0.4)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_scores_all_pairs_and_repeats_itself(name: str, cells: AnnData, labels: Labels) -> None:
    if name == "regdiffusion":
        pytest.importorskip("regdiffusion", reason="the optional package regdiffusion is not installed")
    method = METHODS[name](**QUICK.get(name, {}))
    cells = AnnData(cells.X, var=cells.var, varm=dict(cells.varm))
    before = dense_expression(cells)
    score = method.score(cells, REGULATORS, labels, seed=0)
    assert score.shape == (6, cells.n_vars)
    assert np.isfinite(score).all()
    np.testing.assert_allclose(method.score(cells, REGULATORS, labels, seed=0), score, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(dense_expression(cells), before)
    assert not cells.varp
    assert not cells.uns


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if not method.uses_labels])
def test_a_method_that_declares_no_labels_does_not_read_them(name: str, cells: AnnData, labels: Labels) -> None:
    if name == "regdiffusion":
        pytest.importorskip("regdiffusion", reason="the optional package regdiffusion is not installed")
    method = METHODS[name](**QUICK.get(name, {}))
    flipped = Labels(labels.source, labels.target, ~labels.is_edge)
    first, second = (method.score(cells, REGULATORS, given, seed=0) for given in (labels, flipped))
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if not method.uses_expression])
def test_a_method_that_declares_no_expression_does_not_read_it(name: str, cells: AnnData, labels: Labels) -> None:
    method = METHODS[name]()
    other = AnnData(np.random.default_rng(9).random(cells.shape), var=cells.var, varm=dict(cells.varm))
    first, second = (method.score(data, REGULATORS, labels, seed=0) for data in (cells, other))
    np.testing.assert_array_equal(first, second)


def test_correlations_are_numpys(cells: AnnData, labels: Labels) -> None:
    X = dense_expression(cells)
    pearson = methods.Pearson().score(cells, REGULATORS, labels, seed=0)
    np.testing.assert_allclose(pearson, np.abs(np.corrcoef(X.T))[:6], atol=1e-6)
    spearman = methods.Spearman().score(cells, REGULATORS, labels, seed=0)
    np.testing.assert_allclose(spearman, pd.DataFrame(X).corr("spearman").abs().to_numpy()[:6], atol=1e-6)


@pytest.mark.parametrize("as_stored", [np.asarray, sparse.csr_matrix])
def test_expression_is_standardised_over_the_cells(as_stored: Callable[[np.ndarray], object]) -> None:
    x = np.random.default_rng(0).random((7, 3))
    x[:, 1] = 0.1
    standardised = standardised_expression(AnnData(as_stored(x)))
    assert standardised.shape == (3, 7)
    assert not standardised[1].any()
    np.testing.assert_allclose(standardised.mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(standardised.std(1), [1, 0, 1], atol=1e-6)


def test_partial_correlation_finds_the_chain(labels: Labels) -> None:
    # a -> b -> c: a and c correlate, but not given b
    rng = np.random.default_rng(0)
    a = rng.standard_normal(4000)
    b = a + 0.5 * rng.standard_normal(4000)
    c = b + 0.5 * rng.standard_normal(4000)
    score = methods.PartialCorrelation().score(AnnData(np.stack([a, b, c], 1)), np.arange(3), labels, seed=0)
    # by the textbook formula from the three correlations
    r = np.corrcoef([a, b, c])
    expected = (r[0, 1] - r[0, 2] * r[1, 2]) / np.sqrt((1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2))
    assert score[0, 1] == pytest.approx(expected, abs=0.01)
    assert score[0, 2] < 0.05


def test_degrees_by_hand(cells: AnnData) -> None:
    labels = Labels(np.array([0, 0, 1, 1]), np.array([7, 8, 7, 8]), np.array([True, True, True, False]))
    regulator = methods.RegulatorDegree().score(cells, REGULATORS, labels, seed=0)
    np.testing.assert_allclose(regulator[:3, 0], [1.0, 0.5, 0.75])
    target = methods.TargetDegree().score(cells, REGULATORS, labels, seed=0)
    np.testing.assert_allclose(target[0, [7, 8, 9]], [1.0, 0.5, 0.75])


def test_one_hot_is_logistic_regression_on_indicators(cells: AnnData, labels: Labels) -> None:
    score = methods.OneHot(inverse_penalties=(0.5,)).score(cells, REGULATORS, labels, seed=0)
    features = np.concatenate([np.eye(24)[labels.source], np.eye(24)[labels.target]], axis=1)
    w = LogisticRegression(C=0.5, max_iter=1000, tol=1e-8).fit(features, labels.is_edge).coef_[0]
    np.testing.assert_allclose(score, w[:6, None] + w[None, 24:], atol=1e-3)
    # genes without labels say nothing
    np.testing.assert_allclose(score[4:, 20:], 0.0, atol=1e-6)


def test_text_regression_is_scikit_learns(cells: AnnData, labels: Labels) -> None:
    H = np.random.default_rng(0).standard_normal((24, 5))
    u, v = fit_pair_logistic(H, labels, 0.3)
    features = np.concatenate([H[labels.source], H[labels.target]], axis=1)
    w = LogisticRegression(C=0.3, max_iter=5000, tol=1e-10).fit(features, labels.is_edge).coef_[0]
    np.testing.assert_allclose(u[:, None] + v, (H @ w[:5])[:, None] + H @ w[5:], atol=1e-3)


def test_text_regression_orders_by_what_the_embedding_says(cells: AnnData, labels: Labels) -> None:
    informative = np.zeros((24, 3))
    informative[:, 0] = np.arange(24) % 2
    cells.varm["gene_embedding"] = informative
    odd = Labels(labels.source, labels.target, labels.target % 2 == 1)
    score = methods.TextRegression().score(cells, REGULATORS, odd, seed=0)
    # also for targets and regulators without any label
    assert (score[5, 21::2] > score[5, 20::2]).all()


def test_matrix_completion_recovers_a_matrix_of_low_rank(cells: AnnData) -> None:
    rng = np.random.default_rng(0)
    is_edge = np.outer(np.arange(6) % 2, np.ones(18)).astype(bool)  # rank one
    source, target = (grid.ravel() for grid in np.meshgrid(np.arange(6), np.arange(6, 24), indexing="ij"))
    kept = rng.random(len(source)) < 0.7
    labels = Labels(source[kept], target[kept], is_edge.ravel()[kept])
    method = methods.MatrixCompletion(rank=1)
    score = method.score(cells, REGULATORS, labels, seed=0)[source[~kept], target[~kept]]
    truth = is_edge.ravel()[~kept]
    assert score[truth].min() > score[~truth].max()
    local = Labels(labels.source, labels.target - 6, labels.is_edge)
    *_, completed = method._completions(local, local)
    np.testing.assert_allclose(completed[source[~kept], target[~kept] - 6], truth, atol=1e-6)


def test_matrix_completion_stops_where_left_out_labels_are_best() -> None:
    # pure noise in the entries beyond one rank: more iterations fit it
    rng = np.random.default_rng(1)
    is_edge = rng.random((30, 60)) < np.linspace(0.05, 0.9, 30)[:, None]
    source, target = (grid.ravel() for grid in np.indices(is_edge.shape))
    kept = rng.random(len(source)) < 0.75
    labels = Labels(source[kept], target[kept], is_edge.ravel()[kept])
    adata = AnnData(np.ones((2, 60)))
    method = methods.MatrixCompletion()
    assert method._best_number(labels, np.random.default_rng(0)) <= 3
    score = method.score(adata, np.arange(30), labels, seed=0)[source[~kept], target[~kept]]
    *_, run_on = method._completions(labels, labels)
    truth = is_edge.ravel()[~kept]
    assert expected_average_precision(truth, score) > expected_average_precision(
        truth, run_on[source[~kept], target[~kept]]
    )


def test_grnboost2_is_boosting_with_its_stop_and_excludes_the_target(cells: AnnData, labels: Labels) -> None:
    method = methods.GRNBoost2(n_trees=60)
    score = method.score(cells, REGULATORS, labels, seed=0)
    assert score[2, 2] == 0.0
    X = dense_expression(cells).astype(np.float32)
    full = GradientBoostingRegressor(
        learning_rate=0.01, n_estimators=60, max_features=0.1, subsample=0.9, random_state=10
    ).fit(X[:, :6], X[:, 10])
    window = np.convolve(full.oob_improvement_, np.ones(25) / 25, "valid")
    n_trees = 25 + int(np.argmax(window < 0)) if (window < 0).any() else 60
    assert score[:, 10].sum() == pytest.approx(n_trees)


def test_embedding_controls_say_nothing_about_a_gene(cells: AnnData) -> None:
    real = gene_embedding(cells, "gene_embedding", "none", seed=0)
    permuted = gene_embedding(cells, "gene_embedding", "permuted", seed=0)
    np.testing.assert_allclose(np.sort(permuted[:, 0]), np.sort(real[:, 0]))
    assert not np.allclose(permuted, real)
    assert gene_embedding(cells, "gene_embedding", "random", seed=0).shape == real.shape
    np.testing.assert_array_equal(gene_embedding(cells, "gene_embedding", "one-hot", seed=0), np.eye(24))
    with pytest.raises(MissingInputError, match="X_genept"):
        gene_embedding(cells, "X_genept", "none", seed=0)


def test_a_network_that_is_there_is_read_by_name(cells: AnnData, labels: Labels) -> None:
    genes = cells.var_names
    edges = pd.DataFrame({"source": [genes[1], "elsewhere"], "target": [genes[9], genes[2]], "weight": [-0.5, 3.0]})
    score = methods.Precomputed(edges=edges).score(cells, REGULATORS, labels, seed=0)
    assert score[1, 9] == 0.5
    assert score.sum() == 0.5
    square = pd.DataFrame(np.arange(24.0 * 24).reshape(24, 24), index=genes[::-1], columns=genes)
    score = methods.Precomputed(edges=square).score(cells, REGULATORS, labels, seed=0)
    np.testing.assert_array_equal(score[0], square.iloc[-1])
    with pytest.raises(ValueError, match="no weight between two genes"):
        methods.Precomputed(edges=edges.assign(source="x")).score(cells, REGULATORS, labels, seed=0)
    renamed = edges.rename(columns={"weight": "importance"})
    with pytest.raises(ValueError, match="no 'weight'"):
        methods.Precomputed(edges=renamed).score(cells, REGULATORS, labels, seed=0)
    with pytest.raises(TypeError, match="a list, expected a pandas DataFrame"):
        methods.Precomputed(edges=[("a", "b", 1.0)])
    with pytest.raises(ValueError, match="more than once"):
        methods.Precomputed(edges=pd.concat([edges, edges])).score(cells, REGULATORS, labels, seed=0)


def test_deepsem_has_all_genes_as_regulators(cells: AnnData, labels: Labels, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = []
    original = methods.DeepSEM._fit
    monkeypatch.setattr(methods.DeepSEM, "_fit", lambda *a, **k: fitted.append(original(*a, **k)) or fitted[-1])
    score = methods.DeepSEM(max_epochs=3).score(cells, REGULATORS[::-1], labels, seed=0)
    adjacency = fitted[0].get_adjacency()
    assert adjacency.shape == (24, 24)
    np.testing.assert_allclose(score, adjacency.abs().to_numpy()[REGULATORS[::-1]])


def test_infosem_bc_is_told_the_training_labels_and_no_others(cells: AnnData, labels: Labels) -> None:
    model = methods.InfoSEMBC(max_epochs=3, rank=4)._fit(
        cells, REGULATORS, seed=0, embedding=cells.varm["gene_embedding"], labels=labels,
        edge_model=LowRankEdges(rank=4),
    )  # fmt: skip
    known = model.adata.varp["known_interactions"].toarray()
    assert np.count_nonzero(known) == len(labels)
    np.testing.assert_array_equal(known[labels.source, labels.target] > 0, labels.is_edge)


def test_an_interrupted_fit_is_no_result(cells: AnnData, labels: Labels, monkeypatch: pytest.MonkeyPatch) -> None:
    # as the model sees Ctrl-C: lightning turns it into this
    def interrupted(self: TrainRunner) -> None:
        self.trainer.state.status = TrainerStatus.INTERRUPTED
        raise SystemExit

    monkeypatch.setattr(TrainRunner, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        methods.InfoSEMLaplace(max_epochs=1).score(cells, REGULATORS, labels, seed=0)


def test_titles_are_unique() -> None:
    titles = [method.title for method in METHODS.values()]
    assert len(set(titles)) == len(titles)
    assert all(issubclass(method, Method) for method in METHODS.values())


def test_labels_have_a_text_of_their_own():
    assert Labels.__name__ == "Labels"  # an alias has no line in the table of the documentation
    assert "split" in Labels.__doc__.splitlines()[0]
