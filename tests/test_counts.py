"""Counts, as a user registers them."""

from __future__ import annotations

import numpy as np
import pytest
import scanpy as sc
from scipy import sparse

from infosem import InfoSEM, datasets, tl
from infosem.module import NegativeBinomial

from .conftest import QUIET, fit

NO_PRIORS = {"embedding_key": None, "interactions_key": None}


@pytest.fixture
def counts():
    """300 simulated cells x 30 genes with counts."""
    return datasets.simulate(300, 30, 8, depth=20_000, seed=1)


def learn(adata, **setup):
    return fit(adata, epochs=5, setup={**NO_PRIORS, **setup})


def normalised(adata):
    """Logarithm of the counts over their totals, of which the counts have a mean of four."""
    share = adata.layers["counts"].toarray() / adata.obs["total_counts"].to_numpy()[:, None]
    return np.log1p(4 * share / share.mean())


def agreement(first, second):
    return np.corrcoef(first.get_strength().to_numpy().ravel(), second.get_strength().to_numpy().ravel())[0, 1]


class TestCounts:
    def test_counts_are_used_as_counts(self, counts, caplog):
        InfoSEM.setup_anndata(counts, layer="counts", **NO_PRIORS)
        assert "adata.layers['counts'] holds counts. They are normalised by adata.obs['total_counts']" in caplog.text
        found = InfoSEM(counts)
        assert found.registry_["setup_args"]["size_factor_key"] == "total_counts"

    def test_the_network_is_that_of_normalised_counts(self, counts):
        by_infosem = learn(counts, layer="counts").get_strength()
        counts.X = normalised(counts)
        np.testing.assert_allclose(by_infosem, learn(counts).get_strength(), atol=0.1)

    def test_sizes_that_are_estimated_go_with_the_totals(self):
        counts = datasets.simulate(200, 150, 10, depth=10_000, seed=1)
        InfoSEM.setup_anndata(counts, layer="counts", size_factor_key=None, **NO_PRIORS)
        cells = InfoSEM(counts).adata_manager.cells
        factors = np.concatenate([factors for _, factors in cells.counts()])[:, 0]
        assert np.corrcoef(np.log(factors), np.log(counts.obs["total_counts"]))[0, 1] > 0.9

    @pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
    def test_any_matrix_of_counts(self, counts, make):
        counts.X = make(counts.layers["counts"].toarray().astype(np.int64))
        model = learn(counts)
        assert np.isfinite(model.get_strength().to_numpy()).all()
        assert np.isfinite(model.get_elbo())

    def test_totals_that_cannot_be_are_not_used(self, counts, caplog):
        counts.obs["total_counts"] = 1.0
        InfoSEM.setup_anndata(counts, layer="counts", **NO_PRIORS)
        assert "adata.obs['total_counts'] is not used" in caplog.text
        assert "normalised by the counts of the 30 genes" in caplog.text

    def test_a_cell_without_counts_is_finite(self, counts):
        x = counts.layers["counts"].toarray()
        x[3] = 0
        counts.X = x
        model = learn(counts, size_factor_key=None)
        assert np.isfinite(model.get_latent_representation()).all()

    def test_saved_and_loaded(self, counts, tmp_path):
        model = learn(counts, layer="counts")
        model.save(tmp_path / "model")
        loaded = InfoSEM.load(tmp_path / "model", adata=counts.copy(), accelerator="cpu")
        np.testing.assert_allclose(loaded.get_latent_representation(), model.get_latent_representation(), atol=1e-5)

    def test_perturbed_and_projected(self, counts):
        model = learn(counts, layer="counts")
        gene = model.regulator_names[0]
        tl.perturb(counts, gene, model=model)
        np.testing.assert_allclose(counts.layers["perturbation"][:, 0], -normalised(counts)[:, 0], rtol=1e-4, atol=1e-5)
        sc.pp.pca(counts, n_comps=5)
        sc.pp.neighbors(counts)
        tl.project_shift(counts, basis="pca", neighbors_key="connectivities")
        assert np.isfinite(counts.obsm["perturbation_pca"]).all()

    def test_sizes_that_are_not_positive(self, counts):
        counts.obs["size"] = 0.0
        with pytest.raises(ValueError, match="zero or negative for 300 of 300 cells"):
            InfoSEM.setup_anndata(counts, layer="counts", size_factor_key="size")

    def test_other_cells_without_counts(self, counts):
        model = learn(counts, layer="counts")
        other = counts.copy()
        other.layers["counts"] = counts.X.copy()
        with pytest.raises(ValueError, match="does not hold counts, and the model was trained on counts"):
            model.get_latent_representation(other)


class TestNegativeBinomial:
    def test_trained_saved_and_loaded(self, counts, tmp_path):
        counts.obs["batch"] = ["a", "b"] * 150
        InfoSEM.setup_anndata(counts, layer="counts", batch_key="batch", **NO_PRIORS)
        model = InfoSEM(counts, likelihood=NegativeBinomial())
        model.train(max_epochs=20, **QUIET)
        loss = model.history["elbo_train"]["elbo_train"]
        assert loss.iloc[-1] < loss.iloc[0]
        model.save(tmp_path / "model")
        loaded = InfoSEM.load(tmp_path / "model", adata=counts.copy(), accelerator="cpu")
        assert loaded.get_elbo() == pytest.approx(model.get_elbo(), rel=1e-4)
        assert np.isfinite(model.sample_cells(5).to_numpy()).all()

    def test_log_normalised_values_are_no_counts(self, counts):
        InfoSEM.setup_anndata(counts, **NO_PRIORS)
        with pytest.raises(ValueError, match="NegativeBinomial.* is a likelihood of counts"):
            InfoSEM(counts, likelihood=NegativeBinomial())
