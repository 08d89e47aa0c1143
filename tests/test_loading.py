"""Models from disk, with their data, with others and without: the same network, and what can be done with it."""

from __future__ import annotations

import anndata as ad
import pandas as pd
import pytest

from infosem import InfoSEM

from .conftest import KNOWLEDGE, QUIET, fit


class TestSaving:
    @pytest.mark.parametrize("knows", KNOWLEDGE)
    def test_same_network_with_the_data_without_and_with_bare_data(self, cells, knows, tmp_path):
        model = fit(cells, setup=KNOWLEDGE[knows])
        model.save(tmp_path / "model", save_anndata=True)
        expected = model.get_adjacency()
        bare = ad.AnnData(cells.X, var=pd.DataFrame(index=cells.var_names))
        expected_edges = model.get_edges()
        for adata in (cells, None, False, bare, cells[:50].copy()):
            loaded = InfoSEM.load(tmp_path / "model", adata=adata, accelerator="cpu")
            pd.testing.assert_frame_equal(loaded.get_adjacency(), expected, check_exact=True)
            assert loaded.prior_ == model.prior_
            pd.testing.assert_frame_equal(loaded.get_edges(), expected_edges)
            if adata is not False and loaded.adata.n_obs == cells.n_obs:
                assert loaded.get_elbo() == pytest.approx(model.get_elbo(), rel=1e-5)

    def test_without_data_it_cannot_be_trained(self, trained, tmp_path):
        trained.save(tmp_path / "model")
        loaded = InfoSEM.load(tmp_path / "model", adata=False, accelerator="cpu")
        with pytest.raises(RuntimeError, match="InfoSEM.load"):
            loaded.train(max_epochs=1)

    def test_a_loaded_model_can_be_trained_on(self, trained, cells, tmp_path):
        trained.save(tmp_path / "model")
        loaded = InfoSEM.load(tmp_path / "model", adata=cells, accelerator="cpu")
        loaded.train(max_epochs=3, **QUIET)
        trained.train(max_epochs=3, **QUIET)
        pd.testing.assert_frame_equal(loaded.get_adjacency(), trained.get_adjacency())

    def test_arrays_are_not_pickled_as_arguments(self, trained):
        for value in trained.init_params_["non_kwargs"].values():
            assert value is None or isinstance(value, str | int | float)

    def test_reordered_genes_are_refused(self, trained, cells, tmp_path):
        trained.save(tmp_path / "model")
        with pytest.raises(ValueError, match="order"):
            InfoSEM.load(tmp_path / "model", adata=cells[:, ::-1].copy(), accelerator="cpu")
