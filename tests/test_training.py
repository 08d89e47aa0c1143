"""What ends a training, and what it says then."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from anndata import AnnData
from lightning.pytorch import Callback

from infosem import InfoSEM

from .conftest import QUIET
from .forked import run_script

ENDED_BY_A_CLUSTER = """
import os, signal, sys
import infosem.cli._main
from infosem.train._training import CostReport

CostReport.on_train_epoch_end = lambda *_: os.kill(os.getpid(), signal.SIGTERM)
sys.exit(infosem.cli._main.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("given", "watched"),
    [({}, "reconstruction_loss_validation"), ({"early_stopping_monitor": "elbo_train"}, "elbo_train")],
)
def test_early_stopping_watches_what_the_prior_is_no_part_of(cells: AnnData, given: dict, watched: str) -> None:
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells)
    model.train(2, train_size=0.8, early_stopping=True, **given, **QUIET)
    assert model.trainer.early_stopping_callback.monitor == watched
    assert watched in model.history


class StepSizes(Callback):
    """Keeps the sizes of the steps of networks and adjacency, at every step."""

    def __init__(self) -> None:
        self.found = []

    def on_train_batch_start(self, trainer, *_) -> None:
        self.found.append([optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers])


@pytest.mark.parametrize(("max_epochs", "batch_size"), [(1, 4), (30, 120)])
def test_steps_fade_out_however_many_are_an_epoch(cells: AnnData, max_epochs: int, batch_size: int) -> None:
    InfoSEM.setup_anndata(cells)
    steps = StepSizes()
    InfoSEM(cells).train(max_epochs, batch_size=batch_size, callbacks=[steps], **QUIET)
    found = np.array(steps.found) / steps.found[0]
    n = len(found)
    assert n == 30
    np.testing.assert_allclose(found, 0.03 ** (np.arange(n) / n)[:, None] * [1, 1], rtol=1e-6)


def test_deepsems_steps_decay_after_every_epoch_and_only_those_of_the_networks(cells: AnnData) -> None:
    InfoSEM.setup_anndata(cells)
    steps = StepSizes()
    InfoSEM(cells, preset="paper").train(3, batch_size=40, callbacks=[steps], **QUIET)
    networks, adjacency = (np.array(steps.found) / steps.found[0]).T
    np.testing.assert_allclose(networks, np.repeat([1, 0.95, 0.95**2], 3), rtol=1e-6)
    np.testing.assert_allclose(adjacency, 1)


def test_a_terminated_process_says_so_to_its_shell(cells: AnnData, tmp_path) -> None:
    cells.write_h5ad(tmp_path / "cells.h5ad")
    command = ["infer", "cells.h5ad", "--output", "out.h5ad", "--max-epochs", "500", "--accelerator", "cpu", "--quiet"]
    ended = run_script(ENDED_BY_A_CLUSTER, *command, cwd=tmp_path)
    assert ended.returncode == 143, ended.stderr
    assert not (tmp_path / "out.h5ad").exists()


def test_a_network_that_the_last_step_left_without_numbers_is_no_network(registered, monkeypatch):
    from infosem.train._schedules import AlternatingTrainingPlan

    def overflow(plan: AlternatingTrainingPlan) -> None:
        plan.module.adjacency.free_effect.data[0, 1] = torch.inf

    monkeypatch.setattr(AlternatingTrainingPlan, "on_train_epoch_end", overflow)
    model = InfoSEM(registered, preset="paper")
    with pytest.raises(FloatingPointError, match="after the last step.*smaller steps"):
        model.train(1, **QUIET)
    assert not model.is_trained_
