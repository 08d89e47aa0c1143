"""GENELink: attention over edges is the dense attention; it learns, and scores pairs in the order asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from anndata import AnnData
from sklearn.metrics import roc_auc_score

from infosem.benchmark._method import Labels
from infosem.benchmark.methods.genelink import GENELink, _Attention, _Graph
from infosem.datasets import simulate

METHOD = GENELink(epochs=3, accelerator="cpu")
REGULATORS = np.arange(6)
EDGES = {
    "genes without an edge": [(0, 3), (3, 0), (1, 3), (2, 2), (0, 5)],
    "all genes have an edge": [(0, gene) for gene in range(1, 9)],
    "one edge": [(7, 2)],
}


def graph_of(pairs: list[tuple[int, int]], n_genes: int) -> _Graph:
    source, target = np.array(pairs).T
    non_edges = np.arange(2)
    labels = Labels(np.r_[source, non_edges], np.r_[target, non_edges + 6], np.arange(len(pairs) + 2) < len(pairs))
    return _Graph.of_edges(labels, n_genes, torch.device("cpu"))


def attention(n_in: int, *, dropout: float) -> _Attention:
    torch.manual_seed(0)
    layer = _Attention(n_in, 4, 3, negative_slope=0.2, dropout=dropout).double()
    torch.nn.init.normal_(layer.bias)
    return layer


def dense_attention(layer: _Attention, x: np.ndarray, adjacency: np.ndarray) -> np.ndarray:
    """The published form: a softmax over all genes, after those that are no neighbours are set to -9e15."""
    heads = []
    for weight, a, bias in zip(*(p.detach().numpy() for p in (layer.weight, layer.attention, layer.bias)), strict=True):
        h = x @ weight
        e = h @ a[:4] + (h @ a[4:]).T
        e = np.where(adjacency, np.where(e > 0, e, 0.2 * e), -9e15)
        share = np.exp(e - e.max(1, keepdims=True))
        m = share / share.sum(1, keepdims=True) @ h
        m = np.where(m > 0, m, 0.2 * m)
        heads.append(m / np.linalg.norm(m, axis=1, keepdims=True) + bias)
    return np.stack(heads, axis=1)


@pytest.mark.parametrize("scale", [1, 1e4], ids=["small scores", "scores that overflow exp"])
@pytest.mark.parametrize("pairs", EDGES.values(), ids=EDGES.keys())
def test_attention_over_edges_equals_the_dense_form(pairs, scale):
    adjacency = np.zeros((9, 9), dtype=bool)
    adjacency[tuple(np.array(pairs).T)] = True
    x = scale * np.random.default_rng(0).standard_normal((9, 7))
    layer = attention(7, dropout=0.5).eval()
    over_edges = layer(torch.from_numpy(x), graph_of(pairs, 9)).detach().numpy()
    np.testing.assert_allclose(over_edges, dense_attention(layer, x, adjacency | adjacency.T), atol=1e-6)


def test_dropout_reaches_genes_with_and_without_an_edge():
    layer, graph = attention(7, dropout=0.5), graph_of(EDGES["genes without an edge"], 9)
    x = torch.randn(9, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert graph.alone.tolist() == [4, 6, 7, 8]
    assert torch.equal(layer.eval()(x, graph), layer(x, graph))
    first, second = (layer.train()(x, graph) for _ in range(2))
    for gene in range(9):
        assert not torch.allclose(first[gene], second[gene])
    # each has its own draw: without dropout they are all the same
    assert not torch.allclose(first[4], first[6])
    assert torch.equal(layer.eval()(x, graph)[4], layer(x, graph)[6])


def test_dropout_keeps_the_expectation_of_genes_without_an_edge():
    layer, graph = attention(7, dropout=0.5), graph_of(EDGES["genes without an edge"], 9)
    h = torch.randn(9, 2, 3, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    drawn = torch.stack([layer.train()._of_all(h, len(graph.alone)) for _ in range(4000)]).mean(0)
    np.testing.assert_allclose(drawn, h.mean(0, keepdim=True).expand(4, -1, -1), atol=0.03)


@pytest.fixture
def cells() -> AnnData:
    return simulate(60, 40, 6, heterogeneity=2.0, density=0.3, seed=1)


def auroc(scores: np.ndarray, labels: Labels) -> float:
    return roc_auc_score(labels.is_edge, scores[labels.source, labels.target])


def test_generalises_to_pairs_that_it_has_not_seen(cells, halves):
    train, unseen = halves
    before, after = (replace(METHOD, epochs=epochs).score(cells, REGULATORS, train, seed=0) for epochs in (0, 60))
    assert after.shape == (6, 40)
    assert np.isfinite(after).all()
    assert auroc(after, train) > 0.8
    assert auroc(after, unseen) > max(0.65, auroc(before, unseen))


def test_tells_the_regulator_from_the_target(cells):
    """Every edge is a non-edge in the other direction, so that only the two read-outs can tell."""
    one, other = (genes.ravel() for genes in np.mgrid[0:3, 3:6])
    labels = Labels(np.r_[one, other], np.r_[other, one], np.arange(18) < 9)
    scores = replace(METHOD, epochs=40).score(cells, REGULATORS, labels, seed=0)
    assert (scores[one, other] > scores[other, one] + 0.1).all()


def test_one_seed_gives_one_result_and_leaves_the_global_generator_alone(cells, halves):
    state = torch.get_rng_state()
    scores = [METHOD.score(cells, REGULATORS, halves[0], seed=seed) for seed in (3, 3, 4)]
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(scores[0], scores[1])
    assert not np.allclose(scores[0], scores[2])


def test_rows_follow_the_regulators(cells, halves):
    chosen = np.array([5, 0, 3])
    expected = METHOD.score(cells, REGULATORS, halves[0], seed=0)[chosen]
    np.testing.assert_allclose(METHOD.score(cells, chosen, halves[0], seed=0), expected, atol=1e-6)


def test_learning_rate_decays_after_every_batch(cells, halves):
    """With a decay to zero only the first of all batches is learnt from."""
    first_only = replace(METHOD, decay=0.0, batch_size=len(halves[0]))
    one, many = (replace(first_only, epochs=epochs).score(cells, REGULATORS, halves[0], seed=0) for epochs in (1, 4))
    np.testing.assert_array_equal(one, many)
    assert not np.allclose(one, replace(first_only, epochs=0).score(cells, REGULATORS, halves[0], seed=0))


@pytest.mark.parametrize("is_edge", [np.zeros(0, dtype=bool), np.zeros(4, dtype=bool)])
def test_labels_without_an_edge_are_refused(cells, is_edge):
    genes = np.arange(len(is_edge))
    with pytest.raises(ValueError, match="none of them an edge"):
        METHOD.score(cells, REGULATORS, Labels(genes, genes + 1, is_edge), seed=0)
