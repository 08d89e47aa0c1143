"""What ends a training, and what it says then."""

from __future__ import annotations

import subprocess
import sys

import pytest
from anndata import AnnData

from infosem import InfoSEM

from .conftest import QUIET

ENDED_BY_A_CLUSTER = """
import os, signal, sys
import infosem._cli
from infosem._training import CostReport

CostReport.on_train_epoch_end = lambda *_: os.kill(os.getpid(), signal.SIGTERM)
sys.exit(infosem._cli.main(sys.argv[1:]))
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


def test_a_terminated_process_says_so_to_its_shell(cells: AnnData, tmp_path) -> None:
    cells.write_h5ad(tmp_path / "cells.h5ad")
    command = ["infer", "cells.h5ad", "--output", "out.h5ad", "--max-epochs", "500", "--accelerator", "cpu", "--quiet"]
    ended = subprocess.run(
        [sys.executable, "-c", ENDED_BY_A_CLUSTER, *command],
        cwd=tmp_path,
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 143, ended.stderr
    assert not (tmp_path / "out.h5ad").exists()
