"""Whether two cards train the model that one does."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import anndata
import numpy as np
import torch
from speed import seconds

from infosem import InfoSEM, datasets
from on_gpu.comparison import relative_error
from on_gpu.run import Run, register

COMMAND = Path(__file__).parents[2] / "gpu.py"


def distributed(run: Run) -> None:
    """Compare training on two cards with training on one, in processes of their own."""
    plan = run.plan
    if plan.device.type == "cuda" and torch.cuda.device_count() < 2:
        run.add("two devices", "cuda", "not run", "there is one card")
        return
    adjacency, spent = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        datasets.simulate(512, 60, 12, seed=0).write_h5ad(Path(folder) / "cells.h5ad")
        for n in (1, 2):
            command = [sys.executable, str(COMMAND), "--worker", folder, str(n), plan.accelerator]
            spent[n] = seconds(lambda command=command: subprocess.run(command, check=True, timeout=200))
            adjacency[n] = torch.as_tensor(np.load(Path(folder) / f"{n}.npy"))
    run.add("two devices", plan.device.type, "relative error against one", relative_error(adjacency[2], adjacency[1]))
    for n in (1, 2):
        run.add(f"{n} devices", plan.device.type, "seconds, imports included", spent[n])


def work(folder: Path, n_devices: int, accelerator: str) -> None:
    """Train in a process of its own, alone or with others, and leave the effects in the folder."""
    cells = anndata.read_h5ad(folder / "cells.h5ad")
    register(cells)
    model = InfoSEM(cells)
    several = {"strategy": "ddp"} if n_devices > 1 else {}
    model.train(
        10, batch_size=64 // n_devices, accelerator=accelerator, devices=n_devices, enable_progress_bar=False, **several
    )
    if int(os.environ.get("LOCAL_RANK", 0)) == 0:
        np.save(folder / f"{n_devices}.npy", model.get_adjacency().to_numpy())
