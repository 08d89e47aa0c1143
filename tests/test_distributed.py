"""Two processes of a distributed training against one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from infosem import datasets

SCRIPT = """
import logging, os, sys
import anndata, numpy as np, torch
from infosem import InfoSEM
from infosem.module import LaplacePrior, LearnedLatent
from infosem.train import EqualEffects

torch.set_num_threads(1)
folder, n_processes, *ways = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
several = {"strategy": "ddp"} if n_processes > 1 else {}
for how in ways:
    adata = anndata.read_h5ad(f"{folder}/cells.h5ad", backed="r" if how == "backed" else None)
    InfoSEM.setup_anndata(adata, embedding_key=None, interactions_key=None)
    model = InfoSEM(
        adata, prior=LaplacePrior(weight=0.03), latent=LearnedLatent(kl_weight=1.0), start=EqualEffects(total=0.1)
    )
    start = model.module.adjacency().weights.detach().numpy()
    model.seed_ += how == "other_noise"  # of the order of the cells and the noise, not of the start
    model.train(
        40, batch_size=64 // n_processes, accelerator="cpu", devices=n_processes, enable_progress_bar=False,
        plan_kwargs={"lr_networks": 1e-3, "lr_decay": 0.98, "lr_adjacency": 0.05}, **several,
    )
    if int(os.environ.get("LOCAL_RANK", 0)) == 0:
        np.save(f"{folder}/{how}.npy", model.get_adjacency().to_numpy() - start)
"""


@pytest.mark.slow
def test_two_processes_learn_the_network_that_one_learns(tmp_path):
    datasets.simulate(512, 20, 5, seed=0).write_h5ad(tmp_path / "cells.h5ad")
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    learned = []
    for n_processes, ways in ((1, ("memory", "other_noise")), (2, ("memory",)), (2, ("backed",))):
        command = [sys.executable, script, tmp_path, str(n_processes), *ways]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        learned += [np.load(tmp_path / f"{how}.npy").ravel() for how in ways]
    one, other, *several = learned
    assert np.abs(one).max() > 0.05
    for two in several:
        assert np.corrcoef(one, two)[0, 1] > np.corrcoef(one, other)[0, 1] - 0.05
        assert 0.9 < one @ two / (one @ one) < 1.1
