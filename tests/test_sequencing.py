"""Counts of simulated cells have the statistics that they promise, and give no network away."""

from __future__ import annotations

import numpy as np
import pytest

from infosem import datasets
from infosem.datasets._sequencing import log_normalise, sequence

SIMULATED = {"nnz": 20994, "sum": 48093.1889}
"""Of the default arguments, seed 0, before there were counts."""


def test_counts_vary_as_counts_do() -> None:
    # genes that are the same in all cells: given the total, the variance of a count is its mean
    rng = np.random.default_rng(0)
    counts, total = sequence(np.ones((3000, 40)), depth=20000, dropout=0.0, rng=rng)
    share = counts.sum(0) / total.sum()
    expected = total[:, None] * share
    dispersion = ((counts - expected) ** 2 / (expected * (1 - share))).mean(0)
    np.testing.assert_allclose(dispersion, 1.0, atol=0.15)
    assert dispersion.mean() == pytest.approx(1.0, abs=0.04)
    # and none is seen as often as a Poisson variable is zero
    np.testing.assert_allclose((counts == 0).mean(0), np.exp(-expected).mean(0), atol=0.02)


def test_the_median_total_is_the_depth_and_totals_spread_as_told() -> None:
    _, total = sequence(np.ones((4000, 10)), depth=3000, dropout=0.0, rng=np.random.default_rng(1))
    assert np.median(total) == pytest.approx(3000, rel=0.03)
    assert np.log(total).std() == pytest.approx(0.4, abs=0.02)


def test_mean_counts_say_nothing_of_mean_expression() -> None:
    rng = np.random.default_rng(2)
    mean = np.linspace(0.1, 10, 1500)
    expression = rng.gamma(4, 1 / 4, (200, 1500)) * mean
    counts, _ = sequence(expression, depth=50000, dropout=0.0, rng=rng)
    level = np.log(counts.mean(0) + 1e-3)
    assert abs(np.corrcoef(level, mean)[0, 1]) < 0.1
    assert level.std() == pytest.approx(1.2, abs=0.1)


def test_a_gene_follows_its_expression_whatever_the_others_do() -> None:
    # all genes of the network double at once: normalising by the total must not take that away
    expression = np.ones((600, 30))
    expression[300:] = 2.0
    counts, total = sequence(expression, depth=30000, dropout=0.0, rng=np.random.default_rng(3))
    share = counts.sum(1) / total
    assert share[300:].mean() / share[:300].mean() == pytest.approx(2.0, abs=0.15)


def test_dropout_takes_that_share_of_the_values_the_small_ones_first() -> None:
    expression = np.random.default_rng(4).gamma(4, 1 / 4, (300, 200))
    without, with_dropout = (
        sequence(expression, depth=20000, dropout=dropout, rng=np.random.default_rng(5))[0] for dropout in (0.0, 0.5)
    )
    expected = without.mean(0)
    lost = 1 - with_dropout.sum(0) / np.maximum(without.sum(0), 1)
    assert lost[expected > np.quantile(expected, 0.9)].mean() < 0.02
    assert lost[expected < np.quantile(expected, 0.3)].mean() > 0.5


def test_x_is_made_of_the_counts_and_the_totals() -> None:
    adata = datasets.simulate(80, 30, 6, depth=2000)
    counts = adata.layers["counts"].toarray()
    total = adata.obs["total_counts"].to_numpy()
    assert (counts == counts.round()).all()
    assert (counts.sum(1) < total).all()
    np.testing.assert_allclose(adata.X.toarray(), np.log1p(counts / total[:, None] * 1e4), rtol=1e-5)
    assert not log_normalise(np.zeros((1, 2)), np.zeros(1)).any()


def test_counting_changes_the_cells_and_nothing_else() -> None:
    plain, counted = datasets.simulate(seed=3), datasets.simulate(seed=3, depth=3000)
    assert (plain.varp["truth"] != counted.varp["truth"]).nnz == 0
    assert (plain.varp["known_interactions"] != counted.varp["known_interactions"]).nnz == 0
    np.testing.assert_array_equal(plain.varm["gene_embedding"], counted.varm["gene_embedding"])
    assert (plain.X != counted.X).nnz > 0
    assert "counts" not in plain.layers


def test_without_counting_it_is_what_it_always_was() -> None:
    # others have drawn data by these seeds
    adata = datasets.simulate(seed=0)
    assert adata.X.nnz == SIMULATED["nnz"]
    assert adata.X.sum() == pytest.approx(SIMULATED["sum"], rel=1e-5)
    again = datasets.simulate(seed=0, dropout=0.3)
    assert (adata.X != again.X).nnz == 0


def test_regulators_move_the_counts_of_their_targets() -> None:
    adata = datasets.simulate(2000, 40, 8, depth=20000, repression=0.5)
    truth, x = adata.varp["truth"].toarray(), adata.X.toarray()
    direct = [np.corrcoef(x[:, i], x[:, j])[0, 1] * np.sign(truth[i, j]) for i, j in zip(*truth.nonzero(), strict=True)]
    assert np.mean(direct) > 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [({"depth": 0}, "depth=0 must be"), ({"depth": 100, "dropout": 1.0}, "dropout=1.0 must be a number")],
)
def test_cells_that_cannot_be_sequenced(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        datasets.simulate(**options)
