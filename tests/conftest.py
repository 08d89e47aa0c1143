"""What all tests share: small data, quiet training, and where the real data are."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

# One thread each, also in processes that a test starts: the data are too small to share, and threads that wait for each
# other on few cores take many times as long. Where numba has several, torch gets as many.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pytest
import torch
from anndata import AnnData

from infosem import InfoSEM, datasets

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
torch.set_num_threads(1)

KNOWLEDGE = {
    "nothing": {"embedding_key": None, "interactions_key": None},
    "text": {"interactions_key": None},
    "interactions": {"embedding_key": None},
    "text and interactions": {},
}
"""Arguments of setup_anndata, by what the model knows besides the expression."""
QUIET = {"accelerator": "cpu", "enable_progress_bar": False}


def fit(adata: AnnData, *, epochs: int = 3, setup: dict[str, Any] | None = None, **options: Any) -> InfoSEM:
    """A model of the data, trained."""
    InfoSEM.setup_anndata(adata, **(setup or {}))
    model = InfoSEM(adata, **options)
    model.train(max_epochs=epochs, **QUIET)
    return model


def train(registered: AnnData, **arguments: Any) -> None:
    """Train a model of data that are set up, for an epoch unless told otherwise."""
    InfoSEM(registered).train(**{"max_epochs": 1, **QUIET, **arguments})


def load(folder: Path, **options: Any) -> InfoSEM:
    """A saved model, without data unless they are given."""
    return InfoSEM.load(folder, **{"adata": False, "accelerator": "cpu", **options})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow tests first: at the end, one would keep the other processes waiting."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture
def cells() -> AnnData:
    """120 simulated cells x 24 genes, 6 regulators, with embeddings and known interactions."""
    return datasets.simulate(120, 24, 6, seed=0)


@pytest.fixture
def table(cells: AnnData) -> pd.DataFrame:
    """Three numbers for each gene of the cells, in their order."""
    values = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
    return pd.DataFrame(values, index=list(cells.var_names), columns=["a", "b", "c"])


@pytest.fixture(scope="module")
def registered() -> AnnData:
    """60 simulated cells x 12 genes, set up, for tests that leave them as they are."""
    adata = datasets.simulate(60, 12, 4, seed=0)
    adata.obs["group"] = "all"
    InfoSEM.setup_anndata(adata)
    return adata


@pytest.fixture
def trained(cells: AnnData) -> InfoSEM:
    """A model with all priors, trained for one cycle."""
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells)
    model.train(max_epochs=3, **QUIET)
    return model


@pytest.fixture
def saved(trained: InfoSEM, tmp_path: Path) -> Path:
    """The folder of a saved model."""
    trained.save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def unchanged() -> Callable[[Callable[[Any], Any], Any], Any]:
    """Calls a function with a table, which must be as it was afterwards."""

    def call(function, edges):
        before = edges.copy(deep=True) if isinstance(edges, pd.DataFrame) else None
        try:
            return function(edges)
        finally:
            if before is not None:
                pd.testing.assert_frame_equal(edges, before)

    return call


@pytest.fixture
def real_data() -> Path:
    """The folder that INFOSEM_DATA names."""
    folder = os.environ.get("INFOSEM_DATA")
    if not folder:
        pytest.skip("needs real data: set INFOSEM_DATA to a folder laid out as the project's shared data")
    return Path(folder)
