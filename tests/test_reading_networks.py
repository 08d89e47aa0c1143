"""The network out of a trained model: edges, matrices, and what is written to AnnData."""

from __future__ import annotations

import logging

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from infosem.module import LearnedLatent, LowRankEdges

from .conftest import KNOWLEDGE, fit


class TestNetwork:
    def test_edges_are_ranked_by_strength(self, trained, cells):
        strength = trained.get_strength()
        edges = trained.get_edges()
        evidence = ["association", "direct", "level", "text", "interactions"]
        assert list(edges.columns) == ["source", "target", "weight", "sign", "rank", *evidence, "probability"]
        assert len(edges) == 6 * 24 - 6
        assert (edges["source"] != edges["target"]).all()
        assert (edges["weight"].abs().diff().dropna() <= 0).all()
        assert (edges["rank"] == np.arange(1, len(edges) + 1)).all()
        probability = trained.get_probabilities()
        x = cells.to_df()
        # zeros are lost at random in these cells, and do not count
        correlation = (x - x[x != 0].mean()).where(x != 0, 0.0).corr()
        for edge in edges.iloc[::17].itertuples():
            assert abs(edge.weight) == pytest.approx(strength.loc[edge.source, edge.target])
            assert edge.probability == pytest.approx(probability.loc[edge.source, edge.target])
            assert edge.sign in (0, np.sign(correlation.loc[edge.source, edge.target]))
            assert edge.sign in (0, np.sign(edge.weight))

    def test_top_and_min_weight(self, trained):
        edges = trained.get_edges()
        pd.testing.assert_frame_equal(trained.get_edges(top=7), edges.head(7))
        threshold = edges["weight"].abs().iloc[9]
        assert len(trained.get_edges(min_weight=threshold)) == 10
        assert len(trained.get_edges(min_weight=1e9)) == 0
        with pytest.raises(ValueError, match="top=1.5 must be a whole number"):
            trained.get_edges(top=1.5)
        with pytest.raises(ValueError, match="min_weight=.a. must be a finite number"):
            trained.get_edges(min_weight="a")

    def test_without_known_interactions_there_is_no_probability(self, cells):
        model = fit(cells, setup=KNOWLEDGE["text"])
        assert model.get_probabilities() is None
        assert "probability" not in model.get_edges()
        model.write_network()
        assert "infosem_probability" not in cells.varp

    def test_written_network(self, cells, tmp_path):
        trained = fit(cells, edge_model=LowRankEdges(), latent=LearnedLatent(kl_weight=0.02))
        trained.write_network(key_added="grn")
        cells.write_h5ad(tmp_path / "cells.h5ad")
        back = ad.read_h5ad(tmp_path / "cells.h5ad")
        for key, rows in (
            ("grn", trained.get_adjacency()),
            ("grn_effect", trained.get_effects()),
            ("grn_strength", trained.get_strength()),
            ("grn_probability", trained.get_probabilities()),
        ):
            matrix = back.varp[key]
            assert sparse.issparse(matrix)
            assert matrix.format == "csr"
            expected = rows.reindex(back.var_names, fill_value=0.0)
            np.testing.assert_allclose(matrix.toarray(), expected, rtol=1e-6)
        effective = back.varp["grn_effect"].toarray() * back.varp["grn_probability"].toarray()
        np.testing.assert_allclose(back.varp["grn"].toarray(), effective, rtol=1e-5, atol=1e-8)
        assert back.uns["grn"]["seed"] == 0
        assert list(back.uns["grn"]["regulators"]) == trained.regulator_names
        assert back.uns["grn"]["prior"] == "embedding+interactions"
        assert back.uns["grn"]["params"]["latent"] == "LearnedLatent(kl_weight=0.02)"
        assert back.uns["grn"]["setup"]["embedding_key"] == "gene_embedding"
        assert set(back.uns["grn"]["versions"]) == {"infosem", "scvi-tools", "torch"}

    def test_writing_to_genes_in_another_order(self, trained, cells):
        shuffled = cells[:, ::-1].copy()
        trained.write_network(shuffled)
        expected = trained.get_adjacency().reindex(shuffled.var_names, fill_value=0.0)[list(shuffled.var_names)]
        np.testing.assert_allclose(shuffled.varp["infosem"].toarray(), expected, rtol=1e-6)

    def test_all_genes_as_regulators_are_written_dense(self, cells):
        model = fit(cells, setup={"regulator_key": None, "interactions_key": None})
        model.write_network()
        np.testing.assert_allclose(cells.varp["infosem"], model.get_adjacency(), rtol=1e-6)

    def test_constant_genes_are_kept_with_weight_zero(self, cells, caplog):
        x = cells.X.toarray()
        x[:, 2], x[:, 20] = 0, 1.5
        cells.X = x
        adjacency = fit(cells, setup=KNOWLEDGE["nothing"]).get_adjacency().to_numpy()
        assert "2 of 24 genes are constant" in caplog.text
        assert (adjacency[2] == 0).all()
        assert (adjacency[:, [2, 20]] == 0).all()
        assert (adjacency[0, [1, 3, 4]] != 0).all()

    def test_a_gene_without_embedding(self, cells, caplog):
        cells.varm["gene_embedding"][4] = np.nan
        with caplog.at_level(logging.INFO, "infosem"):
            model = fit(cells, setup=KNOWLEDGE["text"])
        assert "23 of 24 genes have an embedding" in caplog.text
        assert np.isfinite(model.get_adjacency().to_numpy()).all()

    def test_dense_and_sparse_known_interactions_agree(self, cells):
        expected = fit(cells.copy(), setup=KNOWLEDGE["interactions"]).get_edges()
        dense = cells.varp["known_interactions"].toarray().astype(float)
        dense[dense == 0] = np.nan
        cells.varp["known_interactions"] = dense
        pd.testing.assert_frame_equal(fit(cells, setup=KNOWLEDGE["interactions"]).get_edges(), expected)
