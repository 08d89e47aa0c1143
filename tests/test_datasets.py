"""Simulated cells keep the promises of their docstring; the bundled ones are what they say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from infosem import datasets


def test_one_seed_gives_one_data_set():
    first, again, other = datasets.simulate(seed=1), datasets.simulate(seed=1), datasets.simulate(seed=2)
    assert (first.X != again.X).nnz == 0
    assert (first.varp["truth"] != again.varp["truth"]).nnz == 0
    assert (first.X != other.X).nnz > 0


def test_planted_network():
    adata = datasets.simulate(n_genes=100, n_regulators=30, density=0.1, spectral_radius=0.5, repression=0.25)
    truth = adata.varp["truth"].toarray()
    assert (truth[30:] == 0).all()
    assert (np.diag(truth) == 0).all()
    assert np.abs(np.linalg.eigvals(truth)).max() <= 0.5 + 1e-9
    assert (truth[:30] != 0).mean() == pytest.approx(0.1, abs=0.03)
    assert (truth[truth != 0] < 0).mean() == pytest.approx(0.25, abs=0.08)


def test_expression_is_that_of_log_normalised_cells():
    adata = datasets.simulate(dropout=0.4)
    x = adata.X.toarray()
    assert x.min() == 0
    assert x.max() < 10
    assert (x == 0).mean() == pytest.approx(0.4, abs=0.06)


def test_regulators_move_their_targets():
    adata = datasets.simulate(2000, 40, 8, dropout=0.0, repression=0.5)
    truth, x = adata.varp["truth"].toarray(), adata.X.toarray()
    direct = [np.corrcoef(x[:, i], x[:, j])[0, 1] * np.sign(truth[i, j]) for i, j in zip(*truth.nonzero(), strict=True)]
    assert np.mean(direct) > 0.1


@pytest.mark.parametrize(("signal", "low", "high"), [(1.0, 0.8, 1.0), (0.0, -1.0, 0.2)])
def test_embeddings_carry_as_much_of_the_truth_as_asked_for(signal, low, high):
    adata = datasets.simulate(n_genes=400, n_regulators=200, embedding_signal=signal, density=0.1)
    out_degree = np.log1p((adata.varp["truth"].toarray()[:200] != 0).sum(1))
    embedding = adata.varm["gene_embedding"][:200]
    fitted = LinearRegression().fit(embedding[:100], out_degree[:100])
    assert low < fitted.score(embedding[100:], out_degree[100:]) < high


def test_missing_embeddings_and_known_interactions():
    adata = datasets.simulate(n_genes=200, n_regulators=40, embedding_missing=0.25, known_fraction=0.3)
    missing = np.isnan(adata.varm["gene_embedding"])
    assert (missing.any(1) == missing.all(1)).all()
    assert missing.any(1).mean() == pytest.approx(0.25, abs=0.08)
    known, truth = adata.varp["known_interactions"].tocoo(), adata.varp["truth"].toarray()
    assert known.nnz == pytest.approx(0.3 * 40 * 199, rel=0.1)
    assert ((truth[known.row, known.col] != 0) == (known.data == 1)).all()


def test_pbmc():
    adata = datasets.pbmc()
    assert adata.shape == (700, 765)
    assert adata.X.min() == 0
    assert adata.var["is_regulator"].sum() == 26
    described = adata.var["text"] != ""
    assert (np.isnan(adata.varm["gene_embedding"]).any(1) == ~described).all()
    assert described[adata.var["is_regulator"]].all()
    edges = adata.uns["known_edges"]
    assert adata.varp["known_interactions"].nnz == len(edges) == 14
    assert edges["reference"].str.contains(r"\d{4}").all()
    assert adata.var.loc[edges["source"], "is_regulator"].all()


def test_texts_on_the_same_subject_have_close_vectors():
    adata = datasets.pbmc()
    vectors = dict(zip(adata.var_names, adata.varm["gene_embedding"], strict=True))

    def cosine(a, b):
        return vectors[a] @ vectors[b] / np.linalg.norm(vectors[a]) / np.linalg.norm(vectors[b])

    assert cosine("GZMA", "GZMB") > 0.5 > cosine("GZMA", "CD79A") + 0.2
