"""Batches, covariates and counts, as a user registers them."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

from infosem import InfoSEM, datasets, get, tl, train_ensemble
from infosem.cli import main

from .conftest import QUIET, fit

NO_PRIORS = {"embedding_key": None, "interactions_key": None}


@pytest.fixture
def plain():
    """300 simulated cells x 30 genes of which nothing but the expression is known."""
    return datasets.simulate(300, 30, 8, seed=1)


@pytest.fixture
def batched(plain):
    """The same cells in three batches, which shift and scale every gene; with covariates."""
    adata = datasets.add_batch_effect(plain, 3, seed=1)
    rng = np.random.default_rng(0)
    adata.obs["lane"] = rng.choice(["left", "right"], 300)
    adata.obs["share"] = rng.normal(size=300)
    return adata


@pytest.fixture
def counts():
    """300 simulated cells x 30 genes with counts."""
    return datasets.simulate(300, 30, 8, depth=20_000, seed=1)


def learn(adata, **setup):
    return fit(adata, epochs=5, setup={**NO_PRIORS, **setup})


def agreement(first, second):
    return np.corrcoef(first.get_strength().to_numpy().ravel(), second.get_strength().to_numpy().ravel())[0, 1]


ALL = {"batch_key": "batch", "categorical_covariate_keys": ["lane"], "continuous_covariate_keys": ["share"]}


class TestNetwork:
    def test_batches_are_no_evidence(self, plain, batched):
        expected = learn(plain)
        assert agreement(learn(batched, batch_key="batch"), expected) > 0.9
        assert agreement(learn(batched), expected) < 0.8

    def test_a_continuous_covariate_is_no_evidence(self, plain):
        rng = np.random.default_rng(1)
        changed = plain.copy()
        changed.obs["share"] = rng.normal(size=300)
        x = plain.X.toarray()
        effect = 0.5 * rng.normal(size=30) * changed.obs["share"].to_numpy()[:, None]
        changed.X = np.where(x > 0, np.maximum(x + effect, 1e-3), 0)
        expected = learn(plain)
        assert agreement(learn(changed, continuous_covariate_keys=["share"]), expected) > 0.9
        assert agreement(learn(changed), expected) < 0.8

    def test_a_categorical_covariate_is_no_evidence(self, plain, batched):
        found = learn(batched, categorical_covariate_keys=["batch"])
        assert agreement(found, learn(plain)) > 0.9

    def test_one_batch_is_no_batch(self, plain, caplog):
        expected = learn(plain).get_strength()
        plain.obs["batch"] = "all"
        found = learn(plain, batch_key="batch").get_strength()
        pd.testing.assert_frame_equal(found, expected)
        assert "one batch, 'all'" in caplog.text

    def test_a_batch_of_one_cell_is_named_and_finite(self, plain, caplog):
        plain.obs["batch"] = ["alone"] + ["first"] * 150 + ["second"] * 149
        model = learn(plain, batch_key="batch")
        assert "1 of 3 batches of adata.obs['batch'] have fewer than 5 cells" in caplog.text
        assert np.isfinite(model.get_strength().to_numpy()).all()
        assert np.isfinite(model.get_denoised_expression().to_numpy()).all()

    def test_a_covariate_that_equals_a_batch_is_named(self, batched, caplog):
        batched.obs["lane"] = batched.obs["batch"].astype(str) + " lane"
        found = learn(batched, batch_key="batch", categorical_covariate_keys=["lane"])
        assert "adata.obs['lane'] is determined by the batch" in caplog.text
        np.testing.assert_allclose(
            found.get_strength(), learn(batched, batch_key="batch").get_strength(), rtol=1e-3, atol=1e-3
        )

    def test_values_come_back_in_their_units(self, batched):
        model = learn(batched, **ALL)
        denoised, x = model.get_denoised_expression().to_numpy(), batched.X.toarray()
        for batch in batched.obs["batch"].unique():
            here = (batched.obs["batch"] == batch).to_numpy()
            detected = np.where(x[here] > 0, x[here], np.nan)
            np.testing.assert_allclose(np.nanmean(denoised[here], 0), np.nanmean(detected, 0), atol=0.35)
        assert np.isfinite(model.sample_cells(5).to_numpy()).all()
        shift = model.get_intervention_shift(model.regulator_names[0], to=0.0)
        assert np.isfinite(shift.to_numpy()).all()


class TestPlaces:
    def test_provenance(self, batched):
        learn(batched, **ALL).write_network()
        setup = batched.uns["infosem"]["setup"]
        assert setup["batch_key"] == "batch"
        assert list(setup["categorical_covariate_keys"]) == ["lane"]
        assert list(setup["continuous_covariate_keys"]) == ["share"]

    def test_written_to_a_file_and_read(self, batched, tmp_path):
        learn(batched, **ALL).write_network()
        batched.write_h5ad(tmp_path / "cells.h5ad")
        again = anndata.read_h5ad(tmp_path / "cells.h5ad")
        pd.testing.assert_frame_equal(get.network(again), get.network(batched))

    def test_saved_and_loaded(self, batched, tmp_path):
        model = learn(batched, **ALL)
        model.save(tmp_path / "model")
        for cells in (batched, batched.copy(), batched[::-1].copy()):
            loaded = InfoSEM.load(tmp_path / "model", adata=cells, accelerator="cpu")
            pd.testing.assert_frame_equal(loaded.get_edges(), model.get_edges())
            expected = model.get_denoised_expression().loc[cells.obs_names]
            pd.testing.assert_frame_equal(loaded.get_denoised_expression(), expected, rtol=1e-4, atol=1e-5)
        alone = InfoSEM.load(tmp_path / "model", adata=False, accelerator="cpu")
        pd.testing.assert_frame_equal(alone.get_edges(), model.get_edges())

    def test_other_cells_of_the_same_batches(self, batched):
        model = learn(batched[:250].copy(), **ALL)
        assert model.get_latent_representation(batched[250:].copy()).shape == (50, 30)

    def test_a_second_set_up_of_the_same_cells_leaves_the_model_as_it_is(self, batched):
        model = learn(batched, batch_key="batch")
        expected = model.get_denoised_expression()
        InfoSEM.setup_anndata(batched, batch_key="lane", **NO_PRIORS)
        InfoSEM(batched)
        pd.testing.assert_frame_equal(model.get_denoised_expression(), expected)

    @pytest.mark.parametrize("kind", ["counts", "batches"])
    def test_cells_in_a_file(self, batched, counts, tmp_path, kind):
        adata, setup = (batched, ALL) if kind == "batches" else (counts, {})
        if kind == "counts":
            adata.X = adata.layers.pop("counts")
        expected = learn(adata, **setup).get_strength()
        adata.write_h5ad(tmp_path / "cells.h5ad")
        streamed = learn(anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r"), **setup)
        np.testing.assert_allclose(streamed.get_strength(), expected, rtol=0.05, atol=0.3)
        assert np.corrcoef(streamed.get_strength().to_numpy().ravel(), expected.to_numpy().ravel())[0, 1] > 0.999

    def test_ensembles_and_false_discovery_rates(self, batched):
        model = learn(batched, **ALL)
        ensemble = train_ensemble(batched, 2, train_kwargs={"max_epochs": 2, **QUIET}, progress=False)
        assert np.corrcoef(ensemble.strength.to_numpy().ravel(), model.get_strength().to_numpy().ravel())[0, 1] > 0.7
        rates = tl.false_discovery_rate(
            model, n_permutations=1, train_kwargs={"max_epochs": 2, **QUIET}, progress=False
        )
        assert rates["q_value"].between(0, 1).all()

    def test_command_line(self, batched, tmp_path):
        batched.write_h5ad(tmp_path / "in.h5ad")
        keys = ["--batch-key", "batch", "--categorical-covariate-keys", "lane", "--continuous-covariate-keys", "share"]
        arguments = ["infer", str(tmp_path / "in.h5ad"), "--output", str(tmp_path / "out.h5ad"), "--max-epochs", "1"]
        assert main([*arguments, *keys, "--accelerator", "cpu", "--quiet"]) == 0
        setup = anndata.read_h5ad(tmp_path / "out.h5ad").uns["infosem"]["setup"]
        assert setup["batch_key"] == "batch"
        assert list(setup["continuous_covariate_keys"]) == ["share"]


class TestMessages:
    @pytest.mark.parametrize("argument", ["batch_key", "group_key"])
    def test_a_missing_category(self, batched, argument):
        batched.obs["batch"] = batched.obs["batch"].astype(object)
        batched.obs.loc[batched.obs_names[:3], "batch"] = None
        with pytest.raises(ValueError, match=rf"obs\['batch'\] \({argument}\) is missing for 3 of 300 cells. Leave"):
            InfoSEM.setup_anndata(batched, **{argument: "batch"})

    def test_a_column_that_is_not_there(self, batched):
        with pytest.raises(KeyError, match="'donor' is not in adata.obs; it has .*'batch'"):
            InfoSEM.setup_anndata(batched, batch_key="donor")

    def test_a_number_for_each_cell_is_no_batch(self, batched):
        with pytest.raises(ValueError, match="has 300 categories for 300 cells.*continuous_covariate_keys"):
            InfoSEM.setup_anndata(batched, batch_key="share")

    def test_a_name_in_place_of_a_list(self, batched):
        with pytest.raises(TypeError, match=r"categorical_covariate_keys='lane' must be a list"):
            InfoSEM.setup_anndata(batched, categorical_covariate_keys="lane")

    @pytest.mark.parametrize("argument", ["batch_key", "group_key", "size_factor_key"])
    def test_a_list_in_place_of_a_name(self, batched, argument):
        with pytest.raises(TypeError, match=rf"{argument}=\['batch'\] must be the name of one column.*{argument}='col"):
            InfoSEM.setup_anndata(batched, **{argument: ["batch"]})

    def test_names_in_place_of_numbers(self, batched):
        with pytest.raises(ValueError, match="not a number.*categorical_covariate_keys= takes names"):
            InfoSEM.setup_anndata(batched, continuous_covariate_keys=["lane"])
        batched.obs.loc[batched.obs_names[0], "share"] = np.nan
        with pytest.raises(ValueError, match=r"missing or infinite for 1 of 300 cells.*\['share'\].notna\(\)"):
            InfoSEM.setup_anndata(batched, continuous_covariate_keys=["share"])
        batched.obs.loc[batched.obs_names[0], "share"] = np.inf
        with pytest.raises(ValueError, match=r"numpy.isfinite\(adata.obs\['share'\]\)"):
            InfoSEM.setup_anndata(batched, continuous_covariate_keys=["share"])

    def test_sizes_without_counts(self, batched):
        batched.obs["size"] = 1.0
        with pytest.raises(ValueError, match="normalises counts, but adata.X does not hold counts"):
            InfoSEM.setup_anndata(batched, size_factor_key="size")

    def test_other_cells_of_an_unknown_batch(self, batched):
        model = learn(batched, batch_key="batch")
        other = batched.copy()
        other.obs["batch"] = "elsewhere"
        with pytest.raises(ValueError, match="the model was not trained on: elsewhere"):
            model.get_latent_representation(other)

    def test_other_cells_without_the_column(self, batched):
        model = learn(batched, batch_key="batch")
        other = batched.copy()
        del other.obs["batch"]
        with pytest.raises(KeyError, match="Cells that are passed to a trained model need the column"):
            model.get_latent_representation(other)

    def test_batches_that_changed_before_there_is_a_model(self, batched):
        InfoSEM.setup_anndata(batched, batch_key="batch")
        batched.obs["batch"] = batched.obs["batch"].iloc[0]
        with pytest.raises(ValueError, match=r"obs\['batch'\] has changed since setup_anndata"):
            InfoSEM(batched)

    def test_batches_that_changed(self, batched):
        model = learn(batched, batch_key="batch")
        batched.obs["batch"] = batched.obs["batch"].iloc[0]
        with pytest.raises(ValueError, match=r"obs\['batch'\] has changed since setup_anndata"):
            model.get_denoised_expression()

    def test_a_continuous_covariate_that_is_constant(self, batched, caplog):
        batched.obs["share"] = 3.0
        model = learn(batched, continuous_covariate_keys=["share"])
        assert "adata.obs['share'] is constant" in caplog.text
        assert np.isfinite(model.get_strength().to_numpy()).all()

    def test_a_category_for_each_cell_is_no_covariate(self, batched):
        batched.obs["name"] = batched.obs_names
        with pytest.raises(ValueError, match="categorical_covariate_keys='name' has 300 categories for 300 cells"):
            InfoSEM.setup_anndata(batched, categorical_covariate_keys=["name"])

    def test_few_other_cells_may_have_a_category_each(self, batched):
        model = learn(batched, categorical_covariate_keys=["batch"])
        few = batched[[batched.obs["batch"].to_numpy().tolist().index(f"batch{b}") for b in range(3)]].copy()
        assert np.isfinite(model.get_latent_representation(few)).all()


@pytest.mark.parametrize("n_cells", [4, 2])
def test_values_lost_at_random_in_many_small_batches_do_not_count(plain, n_cells):
    counts = datasets.simulate(300, 30, 8, depth=3000, seed=1)
    plain.obs["batch"] = [f"batch {c // n_cells}" for c in range(300)]
    assert learn(plain, batch_key="batch").module.likelihood.mask_zeros
    counts.obs["batch"] = plain.obs["batch"].to_numpy()
    assert not learn(counts, batch_key="batch").module.likelihood.mask_zeros
