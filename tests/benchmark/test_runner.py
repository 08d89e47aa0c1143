"""The runner: resume, failures, leakage, conditions."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import joblib
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from infosem import datasets
from infosem.benchmark import (
    Dataset,
    Entry,
    Grid,
    Labels,
    Method,
    compare,
    methods,
    read_config,
    read_results,
    read_truth,
    run,
    split_unseen_genes,
)
from infosem.benchmark._job import run_job


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
class Unsupervised(Spy):
    title: ClassVar[str] = "unsupervised"
    uses_labels: ClassVar[bool] = False


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


@pytest.fixture
def data() -> AnnData:
    adata = datasets.simulate(60, 40, 10, seed=0)
    rng = np.random.default_rng(0)
    truth = np.zeros((40, 40))
    truth[:10] = rng.random((10, 40)) < 0.3
    np.fill_diagonal(truth, 0)
    adata.varp["chip"] = truth
    adata.uns["secret"] = adata.obsm["secret"] = np.ones((60, 1))
    return adata


def grid_of(data: AnnData, *entries: Entry, **options: object) -> Grid:
    dataset = Dataset(name="data", source=data, networks={"chip": "chip"}, regulator_key="is_regulator")
    return Grid(datasets=(dataset,), entries=entries, **{"n_splits": 3, **options})


def written(folder: Path) -> list[dict[str, np.ndarray]]:
    return [dict(np.load(path)) for path in sorted(folder.glob("*.npz"))]


def test_no_label_that_touches_an_unseen_gene_reaches_a_method(data: AnnData, tmp_path: Path) -> None:
    run(grid_of(data, Entry(method=Spy(folder=tmp_path))), progress=False)
    truth = read_truth(data, "chip", regulator_key="is_regulator")
    given = written(tmp_path)
    assert len(given) == 3
    for seed, call in enumerate(given):
        split = split_unseen_genes(truth, seed)
        unseen = {gene for part in ("unseen_genes", "unseen_genes_all_targets")
                  for role in ("source", "target") for gene in getattr(split.block(part), role)}  # fmt: skip
        assert unseen
        assert unseen.isdisjoint(call["source"])
        assert unseen.isdisjoint(call["target"])
        tested = split.block("unseen_interactions")
        assert set(zip(tested.source, tested.target, strict=True)).isdisjoint(
            zip(call["source"], call["target"], strict=True)
        )
        assert call["keys"].size == 0


def test_a_method_without_labels_is_given_none_and_runs_once(data: AnnData, tmp_path: Path) -> None:
    results = run(grid_of(data, Entry(method=Unsupervised(folder=tmp_path))), progress=False)
    (call,) = written(tmp_path)
    assert call["source"].size == 0
    assert set(results["split"]) == {0, 1, 2}


def test_conditions_thin_the_cells_and_balance_the_labels(data: AnnData, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    run(
        grid_of(
            data,
            Entry(method=Spy(folder=tmp_path / "a"), name="few cells", cells=0.2),
            Entry(method=Spy(folder=tmp_path / "b"), name="balanced", balanced=True),
        ),
        progress=False,
    )
    assert {int(call["n_cells"]) for call in written(tmp_path / "a")} == {12}
    for call in written(tmp_path / "b"):
        for regulator in np.unique(call["source"]):
            is_edge = call["is_edge"][call["source"] == regulator]
            assert is_edge.sum() == (~is_edge).sum()


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


def test_a_backend_that_returns_lists_only_works(data: AnnData) -> None:
    with joblib.parallel_config("multiprocessing", n_jobs=2):
        results = compare(data, ["random", "pearson", "one_hot"], truth="chip", n_splits=3, progress=False)
    assert (results["status"] == "ok").all()
    assert len(results) == 3 * 3 * 4


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


@pytest.mark.slow
def test_parallel_gives_the_same(data: AnnData) -> None:
    key = ["method", "split", "block"]
    serial, parallel = (
        compare(data, ["one_hot", "random"], truth="chip", n_splits=3, n_jobs=n, progress=False).sort_values(
            key, ignore_index=True
        )
        for n in (1, 2)
    )
    pd.testing.assert_frame_equal(serial[[*key, "auprc", "hit1"]], parallel[[*key, "auprc", "hit1"]])


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


def test_scores_are_kept_if_asked(data: AnnData, tmp_path: Path) -> None:
    spy = Entry(method=Spy(folder=tmp_path), keep_scores=True)
    run(grid_of(data, spy), output=tmp_path / "per_split", progress=False)
    assert len(list((tmp_path / "per_split" / "scores").glob("*.npy"))) == 1  # of the first split alone
    grid = grid_of(data, Entry(method=methods.Pearson(), keep_scores=True))
    run(grid, output=tmp_path, progress=False)
    (path,) = (tmp_path / "scores").glob("*.npy")
    kept = np.load(path)
    truth = read_truth(data, "chip", regulator_key="is_regulator")
    expected = methods.Pearson().score(data, truth.regulators, None, seed=0)
    np.testing.assert_allclose(kept, expected, rtol=1e-5)


def test_accuracies_are_those_of_the_methods_scores(data: AnnData) -> None:
    from sklearn.metrics import average_precision_score

    (job,) = grid_of(data, Entry(method=methods.Pearson()), n_splits=1).jobs()
    rows = {row["block"]: row for row in run_job(job).rows}
    truth = read_truth(data, "chip", regulator_key="is_regulator")
    block = split_unseen_genes(truth, 0).block("unseen_genes")
    X = np.asarray(data.X.toarray() if hasattr(data.X, "toarray") else data.X)
    score = np.abs(np.corrcoef(X.T))[block.source, block.target]
    assert rows["unseen_genes"]["auprc"] == pytest.approx(average_precision_score(block.is_edge, score), rel=1e-4)
    assert rows["unseen_genes"]["peak_mb"] > 10


CONFIG = """
n_splits = 2
[[datasets]]
name = "tiny"
path = "tiny.h5ad"
networks = ["chip"]
regulator_key = "is_regulator"
[[methods]]
method = "random"
[[methods]]
method = "one_hot"
name = "weak"
inverse_penalties = [0.01]
variants.chip = { n_folds = 2 }
"""


def test_a_configuration_is_read(data: AnnData, tmp_path: Path) -> None:
    data.write_h5ad(tmp_path / "tiny.h5ad")
    (tmp_path / "c.toml").write_text(CONFIG)
    grid = read_config(tmp_path / "c.toml", data=tmp_path)
    jobs = grid.jobs()
    assert len(jobs) == 1 + 2
    assert jobs[-1].method == methods.OneHot(inverse_penalties=(0.01,), n_folds=2)
    assert (run(grid, progress=False)["status"] == "ok").all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('method = "random"', 'method = "magic"', "'magic' is not known"),
        ("inverse_penalties", "penalties", "unknown keys penalties"),
        ("n_folds", "folds", "unknown keys folds"),
        ('path = "tiny.h5ad"', 'path = "none.h5ad"', "no file"),
        ('name = "weak"', 'name = "Random"', "Two methods are called Random"),
        ("n_splits = 2", 'splits = ["magic"]', "is not a known kind of split"),
    ],
)
def test_a_wrong_configuration_says_what_is_wrong(
    old: str, new: str, message: str, data: AnnData, tmp_path: Path
) -> None:
    data.write_h5ad(tmp_path / "tiny.h5ad")
    (tmp_path / "c.toml").write_text(CONFIG.replace(old, new))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_config(tmp_path / "c.toml", data=tmp_path)


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


def test_a_grid_checks_its_names(data: AnnData) -> None:
    for entry, message in (
        ({"datasets": ("dota",)}, "'dota' of .* is not a known data set; there are data"),
        ({"networks": ("chop",)}, "'chop' of .* is not a known network; there are chip"),
        ({"splits": ("unseen",)}, "'unseen' of .* is not a known kind of split"),
        ({"variants": {"chop": {}}}, "'chop' of .* is not a known network"),
        ({"cells": 2.0}, "cells=2.0 .* at most 1"),
    ):
        with pytest.raises(ValueError, match=message):
            grid_of(data, Entry(method=methods.Pearson(), **entry))
    with pytest.raises(ValueError, match="n_splits=0"):
        grid_of(data, n_splits=0)


def test_a_class_is_no_method(data: AnnData) -> None:
    with pytest.raises(TypeError, match=r"give an instance: Pearson\(\)"):
        compare(data, [methods.Pearson], truth="chip")
    with pytest.raises(TypeError, match="subclass of benchmark.Method"):
        compare(data, [3], truth="chip")


def test_an_unknown_method_lists_those_there_are(data: AnnData) -> None:
    with pytest.raises(ValueError, match="grnboost2"):
        compare(data, ["genie"], truth="chip")
