"""Speed and memory, as ratios of what ran one after the other on the same machine.

    INFOSEM_DATA=path/to/data python benchmarks/speed.py PART

PART is epoch, fit, growth, genome, ensemble or startup; each writes results/speed/PART.csv. speed_report.py makes
docs/speed.md of them.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anndata
import joblib
import numpy as np
import pandas as pd
import torch
from anndata import AnnData
from plain_deepsem import PlainDeepSEM
from scipy import sparse

from infosem import InfoSEM, train_ensemble
from infosem.benchmark.methods.grnboost2 import GRNBoost2
from infosem.benchmark.methods.regdiffusion import RegDiffusion
from infosem.module import ScalarNetworks

RESULTS = Path(__file__).parent / "results" / "speed"
BATCH = 64
Rows = Iterator[dict[str, Any]]


def seconds(function: Callable[..., object], *arguments: object, **options: object) -> float:
    """Wall time of a call."""
    start = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - start


def real_cells(name: str) -> AnnData:
    """A BEELINE set, with its TFs as regulators."""
    adata = anndata.read_h5ad(Path(os.environ["INFOSEM_DATA"]) / "beeline" / f"{name}.h5ad")
    adata.var["is_regulator"] = adata.var["is_tf"].astype(bool)
    return adata


def sparse_cells(n_cells: int, n_genes: int, n_regulators: int) -> AnnData:
    """Random values with one in ten not zero, never dense as a whole; for time and memory, not for accuracy."""
    rng = np.random.default_rng(0)
    blocks = []
    for start in range(0, n_cells, 500):
        n_rows = min(500, n_cells - start)
        n_values = n_rows * n_genes // 10
        values = rng.gamma(2.0, 0.5, n_values).astype(np.float32)
        at = rng.integers(n_rows, size=n_values), rng.integers(n_genes, size=n_values)
        blocks.append(sparse.csr_matrix((values, at), shape=(n_rows, n_genes)))
    adata = AnnData(sparse.vstack(blocks, format="csr"))
    adata.var["is_regulator"] = np.arange(n_genes) < n_regulators
    return adata


def train(adata: AnnData, *, evaluation: str = "tabulated", **options: Any) -> InfoSEM:
    """Setup, model and training, as a user would call them, without priors."""
    InfoSEM.setup_anndata(adata, embedding_key=None, interactions_key=None)
    model = InfoSEM(adata, networks=ScalarNetworks(evaluation=evaluation))
    model.train(accelerator="cpu", enable_progress_bar=False, enable_model_summary=False, **options)
    return model


def epoch() -> Rows:
    """An epoch of mDC: DeepSEM's formulation, and this package's with exact and tabulated networks."""
    adata = real_cells("mDC_TFs1000")
    size = {"cells": adata.n_obs, "genes": adata.n_vars, "regulators": int(adata.var["is_regulator"].sum())}
    InfoSEM.setup_anndata(adata, embedding_key=None, interactions_key=None)
    module = InfoSEM(adata).module
    raw = torch.as_tensor(adata.X.toarray() if sparse.issparse(adata.X) else adata.X, dtype=torch.float32)
    plain = PlainDeepSEM(adata.n_vars)
    yield {
        "what": "DeepSEM, as published",
        **size,
        "seconds": seconds(plain.cycle, module.standardiser({"X": raw}).standardised(), raw != 0, BATCH) / 3,
    }
    everyone = adata.copy()
    everyone.var["is_regulator"] = True
    for what, data, evaluation, n_epochs in (
        ("infosem, all genes regulators, exact", everyone, "exact", 3),
        ("infosem, all genes regulators", everyone, "tabulated", 15),
        ("infosem, TFs regulators, exact", adata, "exact", 3),
        ("infosem, TFs regulators", adata, "tabulated", 30),
    ):
        options = {"evaluation": evaluation, "batch_size": BATCH}
        train(data, max_epochs=1, **options)
        spent = seconds(train, data, max_epochs=n_epochs, **options)
        yield {"what": what, **size, "seconds": spent / n_epochs}


def fit() -> Rows:
    """A whole default fit of hESC, setup included, and of the two methods that one would use instead."""
    adata = real_cells("hESC_TFs500")
    regulators = np.flatnonzero(adata.var["is_regulator"])
    size = {"cells": adata.n_obs, "genes": adata.n_vars, "regulators": len(regulators)}
    train(adata, max_epochs=1)
    for repeat in range(3):
        yield {"what": "infosem", **size, "repeat": repeat, "seconds": seconds(train, adata)}
    regdiffusion = RegDiffusion(accelerator="cpu")
    yield {"what": "RegDiffusion", **size, "seconds": seconds(regdiffusion.score, adata, regulators, None, seed=0)}
    with joblib.parallel_config("loky", n_jobs=os.cpu_count()):
        yield {"what": "GRNBoost2", **size, "seconds": seconds(GRNBoost2().score, adata, regulators, None, seed=0)}
    yield {"what": "infosem", **size, "repeat": 3, "seconds": seconds(train, adata)}


def measure(n_cells: int, n_genes: int, n_regulators: int, train_size: float) -> dict[str, Any]:
    """Time of a step and peak memory with random cells; runs in a process of its own."""
    adata = sparse_cells(n_cells, n_genes, n_regulators)
    setup = seconds(InfoSEM.setup_anndata, adata, embedding_key=None, interactions_key=None)
    model = InfoSEM(adata)
    options = {
        "accelerator": "cpu",
        "train_size": train_size,
        "batch_size": BATCH,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    model.train(1, **options)
    # the same again and twice as long: the difference is steps only
    one, two = (seconds(model.train, n_epochs, **options) for n_epochs in (3, 6))
    n_steps = -(-int(np.ceil(train_size * n_cells)) // BATCH)
    return {
        "cells": n_cells,
        "genes": n_genes,
        "regulators": n_regulators,
        "seconds_per_step": (two - one) / 3 / n_steps,
        "seconds_of_setup": setup,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "estimated_gb": model._size.memory(BATCH) / 2**30,
        "data_gb": (adata.X.data.nbytes + adata.X.indices.nbytes) / 2**30,
    }


def in_own_process(*arguments: float) -> dict[str, Any]:
    """`measure` in a fresh process, so that its peak memory is its own."""
    command = [sys.executable, __file__, "measure", *map(str, arguments)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    row: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return row


def growth() -> Rows:
    """From 500 to 20,000 genes with 400 regulators, and from 500 to 8,000 cells."""
    for n_genes in (500, 1000, 2000, 5000, 10_000, 20_000):
        yield {"along": "genes", **in_own_process(640, n_genes, 400, 1.0)}
    for n_cells in (512, 1024, 2048, 4096, 8192):
        yield {"along": "cells", **in_own_process(n_cells, 1000, 400, 1.0)}


def genome() -> Rows:
    """20,000 genes x 1,600 regulators x 10,000 cells; setup sees all cells, the timed steps some of them."""
    yield in_own_process(10_000, 20_000, 1600, 0.0256)


def ensemble() -> Rows:
    """Ten models of hESC one after the other and in parallel."""
    adata = real_cells("hESC_TFs500")
    InfoSEM.setup_anndata(adata, embedding_key=None, interactions_key=None)
    options = {"n_models": 10, "progress": False, "train_kwargs": {"accelerator": "cpu"}}
    for n_jobs in (1, os.cpu_count()):
        yield {"jobs": n_jobs, "models": 10, "seconds": seconds(train_ensemble, adata, n_jobs=n_jobs, **options)}


def startup() -> Rows:
    """Import and command line, each in a fresh process; the fastest of five."""
    for what, command in (
        ("python", [sys.executable, "-c", "pass"]),
        ("import infosem", [sys.executable, "-c", "import infosem"]),
        ("infosem --help", [sys.executable, "-m", "infosem", "--help"]),
        ("import infosem; infosem.InfoSEM", [sys.executable, "-c", "import infosem; infosem.InfoSEM"]),
        ("import scvi", [sys.executable, "-c", "import scvi"]),
    ):
        spent = min(seconds(subprocess.run, command, check=True, stdout=subprocess.DEVNULL) for _ in range(5))
        yield {"what": what, "seconds": spent}


PARTS = {part.__name__: part for part in (epoch, fit, growth, genome, ensemble, startup)}


def cpu_name() -> str:
    """The processor's model."""
    info = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(": ")[1] for line in info if line.startswith("model name")), platform.processor())


def where() -> dict[str, Any]:
    """Machine, versions and date."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("infosem", "torch", "scvi-tools", "scikit-learn", "regdiffusion")},
        "date": date.today().isoformat(),
    }


def main() -> None:
    """Run one part and write its CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=(*PARTS, "measure"))
    parser.add_argument("arguments", nargs="*", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger("infosem").setLevel(logging.WARNING)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    if arguments.part == "measure":
        *sizes, train_size = arguments.arguments
        print(json.dumps(measure(*map(int, sizes), train_size)))
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows = []
    for row in PARTS[arguments.part]():
        print(row, flush=True)
        rows.append({**row, **where()})
    pd.DataFrame(rows).to_csv(RESULTS / f"{arguments.part}.csv", index=False, float_format="%.5g")


if __name__ == "__main__":
    main()
