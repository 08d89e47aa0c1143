"""Embeddings by terms against the formula, and several embeddings as one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from infosem import pp

TEXTS = [
    "binds heme and iron iron",
    "heme transport of iron",
    "",
    "the kinase binds zinc",
    "zinc finger kinase",
    "heme",
]


@pytest.fixture
def genes():
    adata = AnnData(var=pd.DataFrame({"gene_text": TEXTS}, index=[f"G{i}" for i in range(len(TEXTS))]))
    return adata


def test_products_are_those_of_the_weighted_terms(genes):
    pp.embed_terms(genes, min_genes=2)
    found = genes.varm["gene_embedding"]
    texts = [text.split() for text in TEXTS if text]
    shared = ["binds", "heme", "iron", "kinase", "zinc"]  # "and", "of", "the" are stop words, the rest occur once
    counts = np.array([[text.count(term) for term in shared] for text in texts], dtype=float)
    n_with = (counts > 0).sum(0)
    kept = n_with <= len(texts) / 2  # heme is in more than half
    weights = 1 + np.log((1 + len(texts)) / (1 + n_with))
    expected = (np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * weights)[:, kept]
    has_text = np.array([bool(text) for text in TEXTS])
    # four terms, of which three components are kept
    u, s, vt = np.linalg.svd(expected, full_matrices=False)
    expected = (u[:, :3] * s[:3]) @ vt[:3]
    np.testing.assert_allclose(found[has_text] @ found[has_text].T, expected @ expected.T, atol=1e-4)
    assert np.isnan(found[2]).all()
    assert genes.uns["gene_embedding"]["n_terms"] == kept.sum()


def test_one_seed_gives_one_embedding(genes):
    pp.embed_terms(genes, min_genes=2, n_components=2)
    pp.embed_terms(genes, min_genes=2, n_components=2, key_added="again")
    np.testing.assert_array_equal(genes.varm["gene_embedding"], genes.varm["again"])
    assert genes.varm["again"].shape == (6, 2)


def test_texts_that_share_no_words_are_named(genes):
    with pytest.raises(ValueError, match=r"5 texts of adata.var\['gene_text'\] share no words.*lower min_genes than 5"):
        pp.embed_terms(genes, min_genes=5)


def test_no_text_at_all_says_what_fills_it(genes):
    genes.var["gene_text"] = ""
    with pytest.raises(ValueError, match="infosem.pp.gene_text"):
        pp.embed_terms(genes)


def test_combined_likeness_is_the_mean_of_the_likenesses():
    rng = np.random.default_rng(0)
    adata = AnnData(shape=(0, 8))
    adata.varm["a"], adata.varm["b"] = rng.standard_normal((8, 3)), 50 * rng.standard_normal((8, 5)) + 3
    adata.varm["a"][0] = np.nan
    adata.varm["a"][1] = adata.varm["b"][1] = np.nan
    pp.combine_embeddings(adata, ["a", "b"])
    combined = adata.varm["gene_embedding"]
    assert np.isnan(combined[1]).all()
    expected = np.zeros((8, 8))
    for key in ("a", "b"):
        part = np.array(adata.varm[key])
        part = np.nan_to_num(part - np.nanmean(part, axis=0))
        has = part.any(1)
        expected += part @ part.T / np.square(part).sum(1)[has].mean() / 2
    found = np.nan_to_num(combined)
    np.testing.assert_allclose(found @ found.T, expected, atol=1e-5)
    assert adata.uns["gene_embedding"]["keys"] == ["a", "b"]


@pytest.mark.parametrize(
    ("keys", "options", "message"),
    [
        ("a", {}, "two or more different keys"),
        (["a", "a"], {}, "two or more different keys"),
        (["a", "b"], {"key_added": "b"}, "one of the keys.*key_added='model'"),
        (["a", "c"], {}, "'c'"),
    ],
)
def test_what_cannot_be_combined_is_named(keys, options, message):
    adata = AnnData(shape=(0, 4))
    adata.varm["a"] = adata.varm["b"] = np.eye(4)
    with pytest.raises((ValueError, KeyError), match=message):
        pp.combine_embeddings(adata, keys, **options)
