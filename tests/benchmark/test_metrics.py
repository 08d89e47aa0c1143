"""Metrics against cases worked out by hand, scikit-learn, and enumeration."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from infosem.benchmark import Labels, block_metrics, expected_average_precision
from infosem.benchmark._metrics import (
    degree_matched_auprc,
    expected_hits,
    hubness_scores,
    mean_ratio,
    random_average_precision,
    regulator_auprc,
)


def average_precision(ranked: tuple[bool, ...]) -> float:
    hits = [sum(ranked[: k + 1]) / (k + 1) for k in range(len(ranked)) if ranked[k]]
    return sum(hits) / len(hits)


def test_average_precision_by_hand() -> None:
    # edges at ranks 1 and 3: (1/1 + 2/3) / 2
    assert expected_average_precision(np.array([1, 0, 1, 0], bool), np.array([4.0, 3, 2, 1])) == pytest.approx(5 / 6)


@settings(max_examples=80, deadline=None)
@given(labels=st.lists(st.booleans(), min_size=2, max_size=60).filter(any), seed=st.integers(0, 99))
def test_without_ties_it_is_scikit_learns(labels: list[bool], seed: int) -> None:
    score = np.random.default_rng(seed).permutation(len(labels)).astype(float)
    assert expected_average_precision(np.array(labels), score) == pytest.approx(average_precision_score(labels, score))


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=2, max_size=6))
def test_ties_are_the_mean_over_all_orders(pairs: list[tuple[bool, int]]) -> None:
    labels, score = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs], dtype=float)
    if not labels.any():
        labels[0] = True
    orders = [o for o in permutations(range(len(pairs))) if all(score[a] >= score[b] for a, b in pairwise(o))]
    expected = np.mean([average_precision(tuple(labels[list(o)])) for o in orders])
    assert expected_average_precision(labels, score) == pytest.approx(expected)
    for n_top in (1, len(pairs) - 1):
        hits = np.mean([labels[list(o)][:n_top].sum() for o in orders])
        assert expected_hits(labels, score, n_top) == pytest.approx(hits)


@pytest.mark.parametrize(("n_edges", "n_pairs"), [(1, 1), (1, 5), (3, 6), (6, 6)])
def test_random_average_precision_is_the_mean_over_all_orders(n_edges: int, n_pairs: int) -> None:
    labels = (True,) * n_edges + (False,) * (n_pairs - n_edges)
    expected = np.mean([average_precision(order) for order in permutations(labels)])
    assert random_average_precision(n_edges, n_pairs) == pytest.approx(expected)


def block_of(edges: np.ndarray) -> Labels:
    source, target = (grid.ravel() for grid in np.indices(edges.shape))
    return Labels(source, target + len(edges), edges.ravel().astype(bool))


def test_block_metrics_by_hand() -> None:
    # 200 pairs of 2 regulators, edges at ranks 1, 2 and 11
    score = -np.arange(200.0)
    edges = np.zeros((2, 100))
    edges[0, [0, 1, 10]] = 1
    result = block_metrics(block_of(edges), score)
    assert result["n_top1"] == 2
    assert result["hit1"] == 1.0
    assert result["auprc"] == pytest.approx((1 + 1 + 3 / 11) / 3)
    assert result["auprc_ratio"] == pytest.approx(result["auprc"] * 200 / 3)
    assert result["early_precision_ratio"] == pytest.approx((2 / 3) / (3 / 200))
    assert result["recall1"] == pytest.approx(2 / 3)
    assert result["recall5"] == pytest.approx(2 / 3)
    assert result["recall10"] == 1.0
    # 189 of the 197 non-edges lie below the third edge, all below the others
    assert result["auroc"] == pytest.approx((197 + 197 + 189) / (3 * 197))
    assert result["n_regulators"] == 1
    expected = result["auprc"] / random_average_precision(3, 100)
    assert result["regulator_auprc_ratio"] == pytest.approx(expected)


def test_a_tied_score_is_random_in_every_metric() -> None:
    edges = np.random.default_rng(0).random((6, 50)) < 0.2
    result = block_metrics(block_of(edges), np.zeros(edges.size))
    share = edges.mean()
    assert result["hit1"] == pytest.approx(share)
    assert result["auroc"] == pytest.approx(0.5)
    assert result["early_precision_ratio"] == pytest.approx(1.0)
    assert result["recall50"] == pytest.approx(0.5)
    assert result["regulator_auprc_ratio"] == pytest.approx(1.0)
    assert result["matched_auprc"] == pytest.approx(0.5)


def test_an_order_of_the_regulators_alone_gains_nothing_per_regulator_or_matched() -> None:
    rng = np.random.default_rng(1)
    share = np.linspace(0.05, 0.9, 10)
    edges = rng.random((10, 60)) < share[:, None]
    block = block_of(edges)
    score = np.repeat(share, 60)
    assert block_metrics(block, score)["auprc_ratio"] > 1.3
    assert mean_ratio(regulator_auprc(block, score)) == pytest.approx(1.0)
    assert degree_matched_auprc(block, score) == pytest.approx(0.5, abs=1e-6)


def test_matched_weights_give_every_gene_as_much_of_both() -> None:
    # the truth itself is ordered perfectly whatever the weights
    edges = np.random.default_rng(2).random((8, 30)) < 0.3
    assert degree_matched_auprc(block_of(edges), edges.ravel().astype(float)) == pytest.approx(1.0)


def test_hubness_scores_by_hand() -> None:
    score = np.array([[9.0, 1.0, 3.0], [2.0, 9.0, 4.0]])
    result = hubness_scores(score, np.array([0, 1]))  # the nines are self-pairs
    np.testing.assert_allclose(result["regulator_means"][:, 2], [2.0, 3.0])
    np.testing.assert_allclose(result["target_means"][0], [2.0, 1.0, 3.5])
    np.testing.assert_allclose(result["rows_normalised"][0, 1:], [-1.0, 1.0])


@pytest.mark.parametrize("level", [0.157, 0.1, 1.0, 3e-5, 0.0])
def test_hubness_of_a_constant_score_is_constant(level: float) -> None:
    for values in hubness_scores(np.full((30, 91), level), np.arange(30)).values():
        assert len(np.unique(values)) == 1


def test_hubness_of_columns_has_no_order_of_rows() -> None:
    score = np.tile(np.random.default_rng(0).random(60), (8, 1))
    result = hubness_scores(score, np.arange(52, 60))  # no regulator is scored below
    np.testing.assert_allclose(result["target_means"][:, :52], score[:, :52], rtol=1e-6)
    regular = hubness_scores(score, np.full(8, 59))
    assert len(np.unique(regular["regulator_means"])) == 1


def test_scores_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="5 scores for the 6 pairs"):
        block_metrics(block_of(np.eye(2, 3)), np.zeros(5))
