"""What a model reads of AnnData, and what it leaves as it was."""

from __future__ import annotations

import logging

import anndata as ad
import numpy as np
import pandas as pd

from infosem import InfoSEM

from .conftest import fit


class TestSetup:
    def test_default_keys_are_picked_up_and_logged(self, cells, caplog):
        with caplog.at_level(logging.INFO, "infosem"):
            InfoSEM.setup_anndata(cells)
        for key in ("gene_embedding", "known_interactions", "is_regulator"):
            assert key in caplog.text
        assert InfoSEM(cells).prior_ == "embedding+interactions"

    def test_none_switches_a_part_off(self, cells):
        InfoSEM.setup_anndata(cells, embedding_key=None, interactions_key=None, regulator_key=None)
        model = InfoSEM(cells)
        assert model.prior_ == "laplace"
        assert model.regulator_names == list(cells.var_names)

    def test_bare_expression_is_enough(self, cells):
        bare = ad.AnnData(cells.X)
        model = fit(bare)
        assert model.prior_ == "laplace"
        assert model.get_adjacency().shape == (24, 24)

    def test_nothing_of_the_user_changes(self, cells):
        before = cells.copy()
        model = fit(cells)
        model.get_edges()
        assert (cells.X != before.X).nnz == 0
        for name in ("varm", "varp", "layers", "obsm"):
            assert set(getattr(cells, name)) == set(getattr(before, name))
        pd.testing.assert_frame_equal(cells.var, before.var)
        np.testing.assert_array_equal(cells.varm["gene_embedding"], before.varm["gene_embedding"])
        assert {key for key in cells.uns if not key.startswith("_scvi")} == set(before.uns)

    def test_memory_layout_of_the_expression_is_left_alone(self, cells):
        cells.X = np.asfortranarray(cells.X.toarray())
        fit(cells)
        assert cells.X.flags.f_contiguous

    def test_a_view_works(self, cells):
        view = cells[:100, 3:]
        assert view.is_view
        model = fit(view)
        assert model.get_adjacency().shape == (3, 21)

    def test_a_layer_is_used(self, cells):
        cells.layers["log"] = cells.X.copy()
        from_x = fit(cells.copy()).get_adjacency()
        cells.X = cells.X * 0
        pd.testing.assert_frame_equal(fit(cells, setup={"layer": "log"}).get_adjacency(), from_x)
