"""scGREAT learns from labels, tells regulator from target, and scores pairs in the order asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from anndata import AnnData
from sklearn.metrics import roc_auc_score

from infosem.benchmark._method import Labels
from infosem.benchmark.methods import scgreat
from infosem.benchmark.methods.scgreat import ScGREAT
from infosem.datasets import simulate

SMALL = ScGREAT(width=16, feedforward=32, epochs=2, learning_rate=1e-3, accelerator="cpu")
REGULATORS = np.arange(6)


@pytest.fixture
def cells() -> AnnData:
    return simulate(40, 20, 6, heterogeneity=2.0, density=0.3, embedding_missing=0.1, seed=1)


def auroc(scores: np.ndarray, labels: Labels) -> float:
    return roc_auc_score(labels.is_edge, scores[labels.source, labels.target])


def test_generalises_to_pairs_that_it_has_not_seen(cells, halves):
    train, unseen = halves
    before, after = (replace(SMALL, epochs=epochs).score(cells, REGULATORS, train, seed=0) for epochs in (0, 25))
    assert after.shape == (6, 20)
    assert np.isfinite(after).all()
    assert auroc(after, train) > 0.95
    assert auroc(after, unseen) > max(0.65, auroc(before, unseen))


def test_tells_the_regulator_from_the_target(cells):
    """Every edge is a non-edge in the other direction, so that only the positions tell them apart."""
    one, other = np.triu_indices(6, 1)
    labels = Labels(np.r_[one, other], np.r_[other, one], np.arange(30) < 15)
    scores = replace(SMALL, epochs=60, dropout=0.0).score(cells, REGULATORS, labels, seed=0)
    assert (scores[one, other] > scores[other, one]).all()


def test_one_seed_gives_one_result_and_leaves_the_global_generator_alone(cells, halves):
    state = torch.get_rng_state()
    scores = [SMALL.score(cells, REGULATORS, halves[0], seed=seed) for seed in (3, 3, 4)]
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(scores[0], scores[1])
    assert not np.allclose(scores[0], scores[2])


def test_rows_follow_the_regulators_in_batches_of_any_size(cells, halves, monkeypatch):
    chosen = np.array([5, 0, 3])
    expected = SMALL.score(cells, REGULATORS, halves[0], seed=0)[chosen]
    monkeypatch.setattr(scgreat, "_SCORED_AT_ONCE", 7)
    np.testing.assert_allclose(SMALL.score(cells, chosen, halves[0], seed=0), expected, atol=1e-5)


def test_reads_both_expression_and_text(cells, halves):
    scores = SMALL.score(cells, REGULATORS, halves[0], seed=0)
    without_text, without_expression = cells.copy(), cells.copy()
    without_text.varm["gene_embedding"] = np.full((20, 16), np.nan)
    without_expression.X = np.ones(cells.shape)
    for changed in (without_text, without_expression):
        assert np.abs(SMALL.score(changed, REGULATORS, halves[0], seed=0) - scores).max() > 1e-3


def test_head_is_the_published_one():
    torch.manual_seed(0)
    network = scgreat._Network(SMALL, torch.randn(5, 9), torch.randn(5, 16)).eval()
    tokens = torch.randn(3, 2, 16)
    linears = network.first, network.second, network.third, network.last
    w1, w2, w3, w = ((linear.weight, linear.bias) for linear in linears)
    h = network.transformer(tokens + torch.stack([network.position.weight] * 3)).reshape(3, 32)

    def prelu(values: torch.Tensor) -> torch.Tensor:
        return torch.where(values > 0, values, 0.25 * values)

    u = prelu(h @ w1[0].T + w1[1])
    pooled = torch.stack([u[:, 4 * i : 4 * i + 4].mean(1) for i in range(256)], dim=1)
    narrow = prelu(prelu(u @ w2[0].T + w2[1]) @ w3[0].T + w3[1] + pooled)
    torch.testing.assert_close(network(tokens), (narrow @ w[0].T + w[1]).flatten())


@pytest.mark.parametrize("still", [{"max_gradient_norm": 0.0}, {"decay": 0.0, "decay_every": 1}])
def test_gradients_are_clipped_and_the_learning_rate_decays(cells, halves, still):
    """Nothing is learnt without gradients, nor after the first batch without a learning rate."""
    method = replace(SMALL, batch_size=len(halves[0]), **still)
    first, later = (replace(method, epochs=epochs).score(cells, REGULATORS, halves[0], seed=0) for epochs in (1, 4))
    np.testing.assert_array_equal(first, later)


def test_text_of_another_width_is_projected(cells, halves):
    cells.varm["short"] = cells.varm["gene_embedding"][:, :5]
    scores = replace(SMALL, embedding_key="short", epochs=25).score(cells, REGULATORS, halves[0], seed=0)
    assert auroc(scores, halves[0]) > 0.9


def test_bfloat16_agrees_and_keeps_the_order_of_pairs(cells, halves):
    exact, mixed = (
        replace(SMALL, precision=precision).score(cells, REGULATORS, halves[0], seed=0)
        for precision in ("32", "bf16-mixed")
    )
    assert np.corrcoef(exact.ravel(), mixed.ravel())[0, 1] > 0.98
    assert len(np.unique(mixed)) == mixed.size


@pytest.mark.parametrize("is_edge", [np.zeros(0, dtype=bool), np.zeros(4, dtype=bool)])
def test_labels_without_an_edge_are_refused(cells, is_edge):
    genes = np.arange(len(is_edge))
    with pytest.raises(ValueError, match="none of them an edge"):
        SMALL.score(cells, REGULATORS, Labels(genes, genes + 1, is_edge), seed=0)


def test_an_unknown_embedding_is_named(cells, halves):
    with pytest.raises(ValueError, match="no 'elsewhere'.*gene_embedding"):
        replace(SMALL, embedding_key="elsewhere").score(cells, REGULATORS, halves[0], seed=0)
