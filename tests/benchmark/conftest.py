"""What tests of the benchmark share: data with a truth, labels to learn from, and the report."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from anndata import AnnData

from infosem import datasets
from infosem.benchmark._method import Labels

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def halves(cells: AnnData) -> tuple[Labels, Labels]:
    """All pairs but self-pairs, half of them for training; the regulators come first among the genes."""
    truth = cells.varp["truth"].toarray()[cells.var["is_regulator"]] != 0
    source, target = np.nonzero(~np.eye(*truth.shape, dtype=bool))
    train = np.random.default_rng(0).random(len(source)) < 0.5
    first, second = ((source[half], target[half]) for half in (train, ~train))
    return Labels(*first, truth[first]), Labels(*second, truth[second])


@pytest.fixture
def data() -> AnnData:
    """60 simulated cells with a truth named chip, and with more that no method may see."""
    adata = datasets.simulate(60, 40, 10, seed=0)
    rng = np.random.default_rng(0)
    truth = np.zeros((40, 40))
    truth[:10] = rng.random((10, 40)) < 0.3
    np.fill_diagonal(truth, 0)
    adata.varp["chip"] = truth
    adata.uns["secret"] = adata.obsm["secret"] = np.ones((60, 1))
    return adata


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that writes the report of the paper's benchmark."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("paper_report")
