"""AnnData in, AnnData out."""

from __future__ import annotations

import logging
import os
import signal

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from scipy import sparse
from scvi.train import SaveCheckpoint

from infosem import InfoSEM, datasets
from infosem.module import FixedLatent, Gaussian, LearnedLatent, LowRankEdges, ScalarNetworks

from .conftest import KNOWLEDGE, QUIET


def fit(adata, *, epochs=3, setup=None, **options):
    InfoSEM.setup_anndata(adata, **(setup or {}))
    model = InfoSEM(adata, **options)
    model.train(max_epochs=epochs, **QUIET)
    return model


class SendSignal(Callback):
    """Send this process a signal at the end of the third epoch."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number

    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.current_epoch == 2:
            os.kill(os.getpid(), self.number)


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


class TestTraining:
    @pytest.mark.parametrize("knows", KNOWLEDGE)
    @pytest.mark.parametrize("masked", [True, False])
    @pytest.mark.parametrize("shape", [(30, 40), (80, 10)])
    def test_every_model_trains(self, knows, masked, shape):
        cells = datasets.simulate(*shape, 5, seed=0)
        model = fit(cells, setup={"regulator_key": "is_regulator" if masked else None, **KNOWLEDGE[knows]})
        adjacency = model.get_adjacency()
        assert adjacency.shape == (5 if masked else shape[1], shape[1])
        assert np.isfinite(adjacency.to_numpy()).all()
        assert len(model.history["train_loss"]) == 3
        n_parameters = model.module.adjacency.free_effect.numel()
        assert n_parameters == adjacency.size

    @pytest.mark.parametrize("knows", KNOWLEDGE)
    def test_the_loss_falls(self, cells, knows):
        losses = fit(cells, epochs=30, setup=KNOWLEDGE[knows]).history["train_loss"].to_numpy(dtype=float).ravel()
        assert losses[-3:].mean() < 0.95 * losses[:3].mean()

    @pytest.mark.parametrize(
        "options",
        [
            {"likelihood": Gaussian(mask_zeros=False)},
            {"likelihood": Gaussian(mask_zeros=True, variance="learned")},
            {"latent": FixedLatent(kl_weight=1.0)},
        ],
        ids=repr,
    )
    def test_options_train_and_differ_from_the_default(self, cells, options):
        # a weight of the KL that it can be told from
        default = {"preset": "paper", "latent": LearnedLatent(kl_weight=1.0), "setup": KNOWLEDGE["nothing"]}
        expected = fit(cells.copy(), **default).get_adjacency()
        other = fit(cells, **{**default, **options}).get_adjacency()
        assert not np.allclose(other, expected, atol=1e-6)

    def test_one_seed_gives_one_network_and_leaves_the_global_generator_alone(self, cells):
        torch.manual_seed(5)
        expected = torch.rand(3)
        torch.manual_seed(5)
        first = fit(cells, seed=3).get_adjacency()
        assert torch.equal(torch.rand(3), expected)
        pd.testing.assert_frame_equal(fit(cells, seed=3).get_adjacency(), first, check_exact=True)
        assert not np.allclose(fit(cells, seed=4).get_adjacency(), first, atol=1e-7)

    @pytest.mark.parametrize("preset", ["default", "paper"])
    def test_a_new_model_of_the_cells_that_one_was_loaded_with_is_as_without_it(self, cells, tmp_path, preset):
        model = fit(cells, preset=preset)
        model.save(tmp_path / "model")
        InfoSEM.load(tmp_path / "model", cells)
        again = InfoSEM(cells, preset=preset)
        again.train(3, **QUIET)
        pd.testing.assert_frame_equal(again.get_edges(), model.get_edges())

    def test_sparse_dense_and_precisions_agree(self, cells):
        expected = fit(cells.copy()).get_adjacency()
        x = cells.X
        for same in (x.toarray(), x.tocsc(), x.astype(np.float64), x.toarray().astype(np.float64)):
            other = cells.copy()
            other.X = same
            pd.testing.assert_frame_equal(fit(other).get_adjacency(), expected, rtol=1e-4, atol=1e-7)

    def test_tabulated_training_is_exact_training(self):
        cells = datasets.simulate(150, 60, 12, seed=0)
        tabulated = fit(cells, epochs=12).get_adjacency()
        exact = fit(cells, epochs=12, networks=ScalarNetworks(evaluation="exact")).get_adjacency()
        moved = np.abs(exact - 2 * 0.5 / 11).to_numpy().max()
        assert np.abs(tabulated - exact).to_numpy().max() < 0.02 * moved

    @pytest.mark.parametrize(
        ("schedule", "cycle"),
        [("alternating", [[False, True], [True, False], [True, False]]), ("joint", [[True, True]] * 3)],
    )
    def test_which_parts_train_in_which_epoch(self, cells, schedule, cycle):
        InfoSEM.setup_anndata(cells)
        model = InfoSEM(cells)
        seen = []

        class Watch(Callback):
            def state(self, module):
                return module.adjacency.free_effect.detach().clone(), module.encoder.network.layers[
                    0
                ].weight.detach().clone()

            def on_train_epoch_start(self, trainer, pl_module):
                self.before = self.state(pl_module.module)

            def on_train_epoch_end(self, trainer, pl_module):
                seen.append(
                    [not torch.equal(a, b) for a, b in zip(self.before, self.state(pl_module.module), strict=True)]
                )

        model.train(max_epochs=6, schedule=schedule, callbacks=[Watch()], **QUIET)
        assert seen == cycle * 2
        assert all(parameter.requires_grad for parameter in model.module.parameters())

    def test_early_stopping_and_held_out_cells(self, cells):
        InfoSEM.setup_anndata(cells)
        model = InfoSEM(cells)
        model.train(
            max_epochs=50,
            train_size=0.8,
            early_stopping=True,
            early_stopping_patience=2,
            early_stopping_min_delta=1e9,
            **QUIET,
        )
        assert len(model.history["train_loss"]) < 50
        assert "elbo_validation" in model.history
        assert len(model.validation_indices) == 24

    def test_early_stopping_and_checkpoints_without_held_out_cells(self, cells, tmp_path):
        InfoSEM.setup_anndata(cells)
        model = InfoSEM(cells)
        model.train(
            max_epochs=50,
            early_stopping=True,
            early_stopping_monitor="elbo_train",
            early_stopping_patience=2,
            early_stopping_min_delta=1e9,
            callbacks=[SaveCheckpoint(dirpath=tmp_path, monitor="train_loss", load_best_on_end=False)],
            **QUIET,
        )
        assert len(model.history["train_loss"]) < 50
        (saved,) = tmp_path.iterdir()
        loaded = InfoSEM.load(saved, adata=cells, accelerator="cpu")
        assert loaded.get_adjacency().shape == (6, 24)

    def test_training_can_go_on(self, trained):
        before = trained.get_adjacency()
        trained.train(max_epochs=3, **QUIET)
        assert not trained.get_adjacency().equals(before)
        assert len(trained.history["train_loss"]) == 6

    @pytest.fixture
    def interruptible(self):
        """Background processes of a shell ignore Ctrl-C."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    @pytest.mark.usefixtures("interruptible")
    def test_an_interrupt_keeps_the_network_so_far(self, cells, caplog):
        InfoSEM.setup_anndata(cells)
        model = InfoSEM(cells)
        before = model.module.adjacency().weights.detach().numpy().copy()
        handler = signal.getsignal(signal.SIGINT)
        model.train(max_epochs=500, callbacks=[SendSignal(signal.SIGINT)], **QUIET)
        assert "interrupted" in caplog.text
        assert signal.getsignal(signal.SIGINT) is handler
        assert not np.allclose(model.get_adjacency(), before)
        assert all(p.requires_grad for p in model.module.parameters())

    def test_a_terminated_process_does_not_go_on_with_half_a_training(self, cells):
        InfoSEM.setup_anndata(cells)
        model = InfoSEM(cells)
        with pytest.raises(SystemExit):
            model.train(max_epochs=500, callbacks=[SendSignal(signal.SIGTERM)], **QUIET)
        assert not model.is_trained_

    def test_a_loss_that_is_not_finite_stops_training_and_says_so(self, cells):
        InfoSEM.setup_anndata(cells)
        model = InfoSEM(cells)
        with pytest.raises(FloatingPointError, match="lr_networks"):
            model.train(max_epochs=20, plan_kwargs={"lr_networks": 1e3, "lr_adjacency": 1e3}, **QUIET)


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
            standardised = torch.where(x != 0, module.standardise(x), 0)  # of these cells, values are lost at random
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
