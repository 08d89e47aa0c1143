"""Two processes of a distributed training against one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from infosem import datasets

SCRIPT = """
import logging, os, sys
import anndata, numpy as np, torch
from infosem import InfoSEM, datasets

torch.set_num_threads(1)
folder, n_processes, backed = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "backed"
adata = anndata.read_h5ad(f"{folder}/cells.h5ad", backed="r" if backed else None)
InfoSEM.setup_anndata(adata, interactions_key=None)
model = InfoSEM(adata, embedding_weight=1.0)
start = model.module.adjacency().weights.detach().numpy()
several = {"strategy": "ddp_find_unused_parameters_true"} if n_processes > 1 else {}
model.train(
    30, batch_size=64 // n_processes, accelerator="cpu", devices=n_processes, enable_progress_bar=False,
    plan_kwargs={"lr_adjacency": 0.1}, **several,
)
if int(os.environ.get("LOCAL_RANK", 0)) == 0:
    np.save(f"{folder}/{n_processes}_{sys.argv[3]}.npy", model.get_adjacency().to_numpy() - start)
"""


def test_two_processes_learn_the_network_that_one_learns(tmp_path):
    datasets.simulate(512, 20, 5, seed=0).write_h5ad(tmp_path / "cells.h5ad")
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    learned = []
    for n_processes, where in ((1, "memory"), (2, "memory"), (2, "backed")):
        command = [sys.executable, script, tmp_path, str(n_processes), where]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        learned.append(np.load(tmp_path / f"{n_processes}_{where}.npy").ravel())
    one, *others = learned
    assert np.abs(one).max() > 0.05
    for two in others:
        # other batches and other noise: as close as two runs of one process that differ in these
        assert np.corrcoef(one, two)[0, 1] > 0.95
        assert 0.9 < one @ two / (one @ one) < 1.1
