"""Methods that fail or cannot be scored: they are recorded, and the rest goes on."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from infosem.benchmark import Entry, Labels, Method, compare, methods, read_results, run

from .runs import Broken, grid_of


@dataclass(frozen=True, kw_only=True)
class Deadly(Method):
    """Is killed, as by the kernel when memory runs out."""

    title: ClassVar[str] = "deadly"

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


@pytest.mark.slow
def test_a_killed_worker_is_recorded_and_the_rest_goes_on(data: AnnData) -> None:
    chosen = ["random", Deadly(), "pearson", "one_hot"]
    results = compare(data, chosen, truth="chip", n_splits=2, n_jobs=2, progress=False)
    failed = results[results["method"] == "deadly"]
    assert (failed["status"] == "failed").all()
    assert failed["reason"].str.contains("died").all()
    others = results[results["method"] != "deadly"]
    assert (others["status"] == "ok").all()
    assert set(others["method"]) == {"Random", "|Pearson|", "One-hot LR"}


def test_a_termination_ends_the_run_and_is_no_failure(data: AnnData, tmp_path: Path) -> None:
    grid = grid_of(data, Entry(method=methods.Pearson()), Entry(method=Broken(how="terminated")))
    with pytest.raises(SystemExit):
        run(grid, output=tmp_path, progress=False)
    results = read_results(tmp_path / "results.csv")
    assert set(results["method"]) == {"|Pearson|"}
    assert (results["status"] == "ok").all()


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("raises", "RuntimeError: no convergence"),
        ("exit", "SystemExit: 3"),
        ("shape", "expected (10, 40)"),
        ("nan", "scores are not finite"),
    ],
)
def test_a_method_that_fails_is_recorded_and_the_rest_goes_on(how: str, reason: str, data: AnnData) -> None:
    results = compare(data, [Broken(how=how), "pearson"], truth="chip", n_splits=2, progress=False)
    failed = results[results["method"] == "broken"]
    assert (failed["status"] == "failed").all()
    assert failed["reason"].str.contains(reason, regex=False).all()
    assert (results.loc[results["method"] == "|Pearson|", "status"] == "ok").all()


def test_a_method_without_its_embedding_is_recorded_as_not_run(data: AnnData) -> None:
    method = methods.InfoSEMB(embedding_key="X_genept")
    results = compare(data, [method, "pearson"], truth="chip", n_splits=2, progress=False)
    without = results[results["method"] == "InfoSEM-B"]
    assert (without["status"] == "not run").all()
    assert without["reason"].str.contains("varm['X_genept']", regex=False).all()
    assert (results.loc[results["method"] == "|Pearson|", "status"] == "ok").all()


def test_a_block_without_edges_is_skipped_with_the_reason(data: AnnData) -> None:
    # the only edges of the unseen block would need two regulators with edges to others: here there is one such pair
    edges = np.zeros((40, 40))
    edges[np.arange(8), np.arange(10, 18)] = 1
    data.varp["thin"] = edges
    results = compare(data, ["pearson"], truth="thin", regulator_key="is_regulator", n_splits=6, progress=False)
    block = results[results["block"] == "unseen_genes"]
    assert "skipped" in set(block["status"])
    assert block.loc[block["status"] == "skipped", "reason"].str.contains("has no").all()


def test_a_truth_that_cannot_be_split_is_skipped_and_the_others_run(data: AnnData) -> None:
    data.varp["one"] = np.zeros((40, 40))
    data.varp["one"][0, 12] = 1
    data.varp["empty"] = np.zeros((40, 40))
    results = compare(data, ["random"], truth=["one", "empty", "chip"], n_splits=2, progress=False)
    status = results.groupby("network")["status"].unique().map(list).to_dict()
    assert status == {"one": ["skipped"], "empty": ["skipped"], "chip": ["ok"]}


def test_what_cannot_be_scored_is_said_at_once(data: AnnData, caplog: pytest.LogCaptureFixture) -> None:
    data.varp["empty"] = np.zeros((40, 40))
    with pytest.raises(ValueError, match="Nothing could be scored: .*no edge from a regulator"):
        compare(data, "random", truth="empty", progress=False)
    for truth in ("chop", ["chip", "chop"]):
        with pytest.raises(ValueError, match="'chop' is not in adata.varp; it has .*'chip'"):
            compare(data, "random", truth=truth, progress=False)
    caplog.clear()
    with caplog.at_level("WARNING", "infosem"):
        compare(data, "random", truth=["empty", "chip"], n_splits=1, progress=False)
    assert caplog.text.count("empty of data is skipped") == 1
    with pytest.raises(TypeError, match="give tables by name"):
        compare(data, "random", truth=["chip", pd.DataFrame()])
