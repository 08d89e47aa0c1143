"""Methods that tell what they were given or that fail, and a grid to run them in."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark import Dataset, Entry, Grid, Labels, Method


@dataclass(frozen=True, kw_only=True)
class Spy(Method):
    """Writes down what it was given."""

    title: ClassVar[str] = "spy"
    uses_labels: ClassVar[bool] = True
    folder: Path
    seconds: float = 0.0

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        time.sleep(self.seconds)
        name = f"{time.time_ns()}.npz"
        # anndata 0.13 lists X among the layers, under None
        keys = [key for part in (adata.varp, adata.uns, adata.obsm, adata.layers) for key in part if key is not None]
        pairs = {"source": labels.source, "target": labels.target, "is_edge": labels.is_edge}
        np.savez(self.folder / name, n_cells=adata.n_obs, keys=keys, **pairs)
        return np.random.default_rng(seed).random((len(regulators), adata.n_vars))


@dataclass(frozen=True, kw_only=True)
class Broken(Method):
    title: ClassVar[str] = "broken"
    how: str = "raises"

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        if self.how == "raises":
            raise RuntimeError("no convergence")
        if self.how == "exit":
            raise SystemExit(3)
        if self.how == "terminated":
            raise SystemExit(128 + signal.SIGTERM)
        if self.how == "shape":
            return np.zeros((2, 2))
        return np.full((len(regulators), adata.n_vars), np.nan)


def grid_of(data: AnnData, *entries: Entry, **options: object) -> Grid:
    dataset = Dataset(name="data", source=data, networks={"chip": "chip"}, regulator_key="is_regulator")
    return Grid(datasets=(dataset,), entries=entries, **{"n_splits": 3, **options})


def written(folder: Path) -> list[dict[str, np.ndarray]]:
    return [dict(np.load(path)) for path in sorted(folder.glob("*.npz"))]


TINY = """
n_splits = 2
[[datasets]]
name = "tiny"
path = "tiny.h5ad"
networks = ["chip"]
regulator_key = "is_regulator"
"""
"""Configuration of a grid on the file tiny.h5ad, to which a test adds its methods."""
