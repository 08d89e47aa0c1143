"""The runner: what it gives to methods, and what it makes of their scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import joblib
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from infosem.benchmark import Entry, compare, methods, read_truth, run, split_unseen_genes
from infosem.benchmark._job import run_job

from .runs import Spy, grid_of, written


@dataclass(frozen=True, kw_only=True)
class Unsupervised(Spy):
    title: ClassVar[str] = "unsupervised"
    uses_labels: ClassVar[bool] = False


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


def test_a_backend_that_returns_lists_only_works(data: AnnData) -> None:
    with joblib.parallel_config("multiprocessing", n_jobs=2):
        results = compare(data, ["random", "pearson", "one_hot"], truth="chip", n_splits=3, progress=False)
    assert (results["status"] == "ok").all()
    assert len(results) == 3 * 3 * 4


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
