"""Training: which parts learn, what one seed gives, and what goes on after an interruption."""

from __future__ import annotations

import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from scvi.train import SaveCheckpoint

from infosem import InfoSEM, datasets
from infosem.module import FixedLatent, Gaussian, LearnedLatent, ScalarNetworks

from .conftest import KNOWLEDGE, QUIET, fit


class SendSignal(Callback):
    """Send this process a signal at the end of the third epoch."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number

    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.current_epoch == 2:
            os.kill(os.getpid(), self.number)


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


def test_the_mode_of_the_process_changes_no_network(registered):
    def network() -> np.ndarray:
        model = InfoSEM(registered)
        model.train(1, **QUIET)
        return model.get_adjacency().to_numpy()

    expected = network()
    with torch.inference_mode():
        np.testing.assert_array_equal(network(), expected)
    with torch.no_grad(), np.errstate(all="raise"):
        np.testing.assert_array_equal(network(), expected)
