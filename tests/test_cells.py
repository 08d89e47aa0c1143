"""What a trained model says of cells: latent noise, denoised and sampled expression, the ELBO."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import torch

from infosem import InfoSEM


class TestCells:
    def test_shapes_and_names(self, trained, cells):
        assert trained.get_latent_representation().shape == cells.shape
        denoised = trained.get_denoised_expression(indices=[3, 5])
        assert list(denoised.index) == list(cells.obs_names[[3, 5]])
        assert list(denoised.columns) == list(cells.var_names)
        sampled = trained.sample_cells(9)
        assert sampled.shape == (9, 24)
        assert (sampled.to_numpy() >= 0).all()
        pd.testing.assert_frame_equal(trained.sample_cells(9), sampled)

    def test_latent_noise_is_the_residual_of_the_structural_equations(self, trained, cells):
        module, x = trained.module, torch.tensor(cells.X.toarray())
        with torch.no_grad():
            # of these cells, values are lost at random
            standardised = torch.where(x != 0, module.standardiser({"X": x}).standardised(), 0)
            h = module.encoder.network(module.denoiser(standardised))[0].numpy()
        full = trained.get_adjacency().reindex(cells.var_names, fill_value=0).to_numpy()
        np.testing.assert_allclose(trained.get_latent_representation(), h @ (np.eye(24) - full), rtol=1e-3, atol=1e-5)

    def test_batches_do_not_matter(self, trained):
        expected = trained.get_denoised_expression()
        pd.testing.assert_frame_equal(trained.get_denoised_expression(batch_size=7), expected, rtol=1e-4)

    def test_elbo_is_the_sum_of_its_terms(self, trained):
        error = trained.get_reconstruction_error()["reconstruction_loss"]
        with torch.no_grad():
            prior = trained.module.log_prior(trained.module.penalty(trained.module.adjacency())).item() / 120
        assert trained.get_elbo() == trained.get_elbo()
        assert trained.get_elbo() < -error + prior  # the KL is positive
        assert error > 0

    def test_other_cells(self, trained, cells):
        other = ad.AnnData(cells.X[:30], var=pd.DataFrame(index=cells.var_names))
        expected = trained.get_latent_representation(indices=range(30))
        np.testing.assert_allclose(trained.get_latent_representation(other), expected, rtol=1e-5, atol=1e-6)

    def test_reordered_or_missing_genes_are_refused(self, trained, cells):
        with pytest.raises(ValueError, match=r"adata\[:, model.gene_names\]"):
            trained.get_latent_representation(cells[:, ::-1].copy())
        with pytest.raises(ValueError, match="missing"):
            trained.get_latent_representation(cells[:, :20].copy())

    def test_an_untrained_model_says_so(self, cells):
        InfoSEM.setup_anndata(cells)
        with pytest.raises(RuntimeError, match=r"call model\.train\(\) first"):
            InfoSEM(cells).get_adjacency()
