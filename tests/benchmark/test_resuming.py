"""What is run again, and what not: finished, changed, killed and left for later."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from infosem.benchmark import Entry, compare, methods, read_results, run

from .runs import Broken, Spy, grid_of, written


def test_other_data_or_another_truth_is_another_job(data: AnnData, tmp_path: Path) -> None:
    def auprc(adata: AnnData) -> float:
        return compare(adata, "pearson", truth="chip", n_splits=2, output=tmp_path, progress=False)["auprc"].mean()

    first = auprc(data)
    squared = data.copy()
    squared.X = squared.X.multiply(squared.X).tocsr()
    assert auprc(squared) != first
    other = data.copy()
    other.varp["chip"] = np.roll(data.varp["chip"], 1, axis=1) * (1 - np.eye(40))
    assert auprc(other) != first
    assert auprc(data) == pytest.approx(first, rel=1e-4)


def test_finished_jobs_are_not_run_again_and_failed_ones_only_if_asked(data: AnnData, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    grid = grid_of(data, Entry(method=Spy(folder=calls)), Entry(method=Broken()))
    first = run(grid, output=tmp_path, progress=False)
    again = run(grid, output=tmp_path, progress=False)
    assert len(written(calls)) == 3
    pd.testing.assert_frame_equal(first[["method", "split", "block"]], again[["method", "split", "block"]])
    run(
        grid_of(data, Entry(method=Spy(folder=calls), name="spy", cells=0.5), Entry(method=Broken())),
        output=tmp_path,
        progress=False,
    )
    assert len(written(calls)) == 6  # other conditions: another job
    before = (tmp_path / "results.csv").read_text()
    run(grid, output=tmp_path, progress=False, retry_failed=True)
    assert (tmp_path / "results.csv").read_text().count("broken") == before.count("broken")


def test_changed_hyper_parameters_replace_the_rows(data: AnnData, tmp_path: Path) -> None:
    for C in (0.1, 1.0):
        results = run(
            grid_of(data, Entry(method=methods.OneHot(inverse_penalties=(C,)))), output=tmp_path, progress=False
        )
    assert not results.duplicated(["method", "split", "block"]).any()
    assert len(read_results(tmp_path / "results.csv")) == 3 * 4


def _slow_run(data: AnnData, folder: Path) -> None:
    run(grid_of(data, Entry(method=Spy(folder=folder, seconds=0.5)), n_splits=8), output=folder, progress=False)


def test_a_killed_run_goes_on_where_it_was(data: AnnData, tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_slow_run, args=(data, tmp_path))
    process.start()
    deadline = time.monotonic() + 60
    # counted, not read: the last may be half written
    while len(list(tmp_path.glob("*.npz"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    table = tmp_path / "results.csv"
    finished = len(table.read_text().splitlines()) // 4
    assert 2 <= finished < 8
    table.write_text(table.read_text()[:-25])  # and the last write was cut off
    for path in tmp_path.glob("*.npz"):
        path.unlink()
    results = run(
        grid_of(data, Entry(method=Spy(folder=tmp_path, seconds=0.5)), n_splits=8), output=tmp_path, progress=False
    )
    assert len(written(tmp_path)) == 8 - finished + 1
    assert len(results) == len(read_results(table)) == 8 * 4
    assert not results.duplicated(["split", "block"]).any()


def test_a_budget_stops_before_the_next_job(data: AnnData, tmp_path: Path) -> None:
    results = run(grid_of(data, Entry(method=Spy(folder=tmp_path))), budget_hours=1e-12, progress=False)
    assert len(results) == 0
    assert not written(tmp_path)


def test_some_jobs_of_a_grid_now_and_the_others_later(data: AnnData, tmp_path: Path) -> None:
    grid = grid_of(data, Entry(method=Spy(folder=tmp_path)), Entry(method=methods.Pearson()))
    some = run(grid, output=tmp_path, only=lambda job: job.split_seeds == (1,), progress=False)
    assert set(some["method"]) == {"spy"}
    assert set(some["split"]) == {1}
    everything = run(grid, output=tmp_path, progress=False)
    assert len(written(tmp_path)) == 3
    assert len(everything) == 2 * 3 * 4
