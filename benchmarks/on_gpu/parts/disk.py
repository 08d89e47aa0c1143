"""Whether the loading of cells keeps the card busy."""

from __future__ import annotations

import tempfile
from pathlib import Path

import anndata
import numpy as np
from anndata import AnnData
from scipy import sparse

from infosem import InfoSEM
from on_gpu.gradient_step import Step
from on_gpu.run import QUIET, Run, register


def disk(run: Run) -> None:
    """Compare epochs of cells in memory and in a file with the time that the device itself takes."""
    plan, device = run.plan, run.plan.device
    n_cells, n_genes, n_regulators = plan.on_disk
    rng = np.random.default_rng(0)
    dense = rng.gamma(2.0, 0.5, (n_cells, n_genes)).astype(np.float32) * (rng.random((n_cells, n_genes)) < 0.1)
    cells = AnnData(sparse.csr_matrix(dense))
    cells.var["is_regulator"] = np.arange(n_genes) < n_regulators
    batch_size = 128 if n_cells > 128 else 16
    resident = Step(n_genes, n_regulators, batch_size, device).seconds() * -(-n_cells // batch_size)
    what = f"{n_genes} genes x {n_regulators} regulators x {n_cells} cells"
    run.add(f"on the device, {what}", device.type, "seconds of an epoch", resident)
    with tempfile.TemporaryDirectory() as folder:
        cells.write_h5ad(Path(folder) / "sparse.h5ad")
        AnnData(dense, var=cells.var).write_h5ad(Path(folder) / "dense.h5ad")
        for name, data in (
            ("sparse in memory", cells),
            ("dense in memory", AnnData(dense, var=cells.var)),
            ("sparse in a file", anndata.read_h5ad(Path(folder) / "sparse.h5ad", backed="r")),
            ("dense in a file", anndata.read_h5ad(Path(folder) / "dense.h5ad", backed="r")),
        ):
            if not run.in_time(name):
                continue
            options = {"accelerator": plan.accelerator, "batch_size": batch_size, **QUIET}
            register(data)
            model = InfoSEM(data)
            model.train(1, **options)
            spent = run.add_epochs(f"{name}, {what}", model, options)
            run.add(f"{name}, {what}", device.type, "share of it that the device computes", resident / spent)
