"""The false discovery rate against counting, and against genes that depend on nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from infosem import InfoSEM, datasets, get, tl
from infosem.tl import _false_discovery_rate as module

from .conftest import QUIET


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix])
def test_permuting_keeps_the_values_of_each_gene(make):
    rng = np.random.default_rng(0)
    x = rng.random((50, 8)) * (rng.random((50, 8)) < 0.4)
    permuted = module.permute_cells(make(x), np.zeros(50), np.random.default_rng(1))
    dense = permuted.toarray() if sparse.issparse(permuted) else permuted
    np.testing.assert_array_equal(np.sort(dense, axis=0), np.sort(x, axis=0))
    moved = (dense != x).any(0)
    assert moved.all()
    # not all genes by the same permutation
    assert abs(np.corrcoef(dense[:, 0], x[:, 0])[0, 1]) < 0.5
    assert np.linalg.matrix_rank(dense) == np.linalg.matrix_rank(x)


def test_rates_are_those_counted_by_hand(trained, cells, monkeypatch):
    trained.write_network()
    rng = np.random.default_rng(0)
    weights = trained.get_adjacency().abs()
    nulls = [rng.permuted(weights.to_numpy()) * rng.uniform(0.8, 1.1, weights.shape) for _ in range(2)]
    calls = iter(nulls)
    monkeypatch.setattr(module, "_permuted_network", lambda *_: next(calls))
    edges = tl.false_discovery_rate(trained, n_permutations=2, progress=False)
    observed = weights.to_numpy().ravel()
    rate = {
        t: min(1.0, np.mean([(null >= t).sum() for null in nulls]) / (observed >= t).sum()) for t in np.unique(observed)
    }
    size = [weights.loc[edge.source, edge.target] for edge in edges.itertuples()]
    expected = [min(r for t, r in rate.items() if t <= value) for value in size]
    np.testing.assert_allclose(edges["q_value"], expected, rtol=1e-5)
    assert edges["q_value"].nunique() > 3
    found = get.network(cells, max_q_value=0.6)
    passing = edges[edges["q_value"] <= 0.6]
    assert 0 < len(passing) < len(edges)
    assert set(zip(found["source"], found["target"], strict=True)) == set(
        zip(passing["source"], passing["target"], strict=True)
    )


def test_genes_that_depend_on_nothing_are_rarely_discovered():
    adata = datasets.simulate(400, 40, 10, dropout=0.2, effect=1.0, spectral_radius=0.8, density=0.1, seed=0)
    lone = np.arange(25, 40)
    x = adata.X.toarray()
    x[:, lone] = np.random.default_rng(0).permuted(x[:, lone], axis=0)
    adata.X = sparse.csr_matrix(x)
    InfoSEM.setup_anndata(adata, embedding_key=None, interactions_key=None)
    model = InfoSEM(adata)
    model.train(**QUIET)
    edges = tl.false_discovery_rate(model, n_permutations=2, train_kwargs=QUIET, progress=False)
    found = edges[edges["q_value"] <= 0.1]
    assert len(found) > 20
    assert found["target"].isin(adata.var_names[lone]).mean() < 0.15


def test_what_is_finished_is_kept_and_errors(trained, monkeypatch):
    calls = []

    def interrupted(*_):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return np.zeros_like(trained.get_adjacency())

    monkeypatch.setattr(module, "_permuted_network", interrupted)
    assert (tl.false_discovery_rate(trained, progress=False)["q_value"] == 0).all()
    with pytest.raises(ValueError, match="n_permutations=0"):
        tl.false_discovery_rate(trained, n_permutations=0)


def test_the_null_counts_the_entries_that_the_model_counts(monkeypatch, caplog):
    adata = datasets.pbmc()
    InfoSEM.setup_anndata(adata, embedding_key=None, interactions_key=None)
    model = InfoSEM(adata)
    model.train(1, **QUIET)
    counted, train = [], InfoSEM.train

    def recorded(self, *args, **kwargs):
        counted.append(self.module.likelihood.mask_zeros)
        train(self, *args, **kwargs)

    monkeypatch.setattr(InfoSEM, "train", recorded)
    caplog.clear()
    tl.false_discovery_rate(model, n_permutations=1, train_kwargs={"max_epochs": 1, **QUIET}, progress=False)
    assert counted == [model.module.likelihood.mask_zeros] == [False]
    assert "tell next to nothing" not in caplog.text
