"""Networks that are known to the last edge: all pairs are scored, and cells may be drawn on the fly."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from sklearn.metrics import average_precision_score

from infosem import datasets
from infosem.benchmark import (
    Dataset,
    Entry,
    Grid,
    Simulated,
    compare,
    describe_splits,
    methods,
    read_config,
    read_results,
    read_truth,
    run,
    split_whole_network,
)
from infosem.cli._main import main

CONFIG = """
n_splits = 3
splits = ["whole_network"]
[[datasets]]
name = "drawn"
simulate = { n_cells = 60, n_genes = 30, n_regulators = 6, seed = 1 }
[[methods]]
method = "pearson"
[[methods]]
method = "random"
[[methods]]
method = "one_hot"
"""


def config(folder: Path, text: str = CONFIG) -> Path:
    path = folder / "known.toml"
    path.write_text(text)
    return path


def test_all_pairs_of_the_regulators_that_have_a_target(cells: AnnData) -> None:
    truth = read_truth(cells, "truth", regulator_key="is_regulator", signed=True)
    split = split_whole_network(truth)
    expected = cells.varp["truth"].toarray() != 0
    has_target = np.flatnonzero(expected.any(1))
    pairs = {(i, j) for i in has_target for j in range(24) if i != j}
    block = split.block("all_pairs")
    assert set(zip(block.source, block.target, strict=True)) == pairs
    assert len(block) == len(pairs)
    np.testing.assert_array_equal(block.is_edge, expected[block.source, block.target])
    assert len(split.training_labels) == 0


def test_accuracies_of_the_whole_network_by_hand(cells: AnnData) -> None:
    cells.varp["edges"] = cells.varp["truth"] != 0
    results = compare(cells, "pearson", truth="edges", splits=["whole_network"], progress=False)
    (row,) = results.to_dict("records")
    truth = cells.varp["truth"].toarray()[:6] != 0
    score = np.abs(np.corrcoef(cells.X.toarray().T))[:6]
    ratios, labels, values = [], [], []
    for i in np.flatnonzero(truth.any(1)):
        others = np.arange(24) != i
        y, s = truth[i, others], score[i, others]
        # of a random order: over its ranks r the chance of an edge there, times the share of edges so far
        n, k = len(y), y.sum()
        random = np.mean([((r - 1) * (k - 1) / (n - 1) + 1) / r for r in range(1, n + 1)])
        ratios.append(average_precision_score(y, s) / random)
        labels, values = [*labels, *y], [*values, *s]
    assert row["block"] == "all_pairs"
    assert row["mean_regulator_ratio"] == pytest.approx(np.mean(ratios), rel=1e-3)
    assert row["auprc_ratio"] == pytest.approx(average_precision_score(labels, values) / np.mean(labels), rel=1e-3)


def test_nothing_is_drawn_so_that_it_is_scored_once(tmp_path: Path) -> None:
    grid = read_config(config(tmp_path))
    results = run(grid, progress=False)
    assert len(results) == 3
    assert set(results["split"]) == {0}
    table, splits = describe_splits(grid)
    assert len(table) == len(splits) == 1
    assert {"pairs_all_pairs", "edges_all_pairs"} <= set(table.columns)
    assert "pairs_unseen_genes" not in table


def test_a_method_that_learns_from_labels_is_not_run(tmp_path: Path) -> None:
    results = run(read_config(config(tmp_path)), progress=False).set_index("method")
    assert results.loc["One-hot LR", "status"] == "not run"
    assert "has no training labels" in results.loc["One-hot LR", "reason"]
    assert results.loc["Random", "mean_regulator_ratio"] == pytest.approx(1.0)


def test_a_simulated_set_is_what_the_function_draws_and_is_known_by_its_arguments(tmp_path: Path) -> None:
    (dataset,) = read_config(config(tmp_path)).datasets
    direct = datasets.simulate(60, 30, 6, seed=1)
    assert (dataset.load().X != direct.X).nnz == 0
    assert dataset.truth("truth").edges.nnz == direct.varp["truth"].nnz
    (again,) = read_config(config(tmp_path)).datasets
    (other,) = read_config(config(tmp_path, CONFIG.replace("seed = 1", "seed = 2"))).datasets
    assert again.fingerprint == dataset.fingerprint != other.fingerprint


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    grid = read_config(config(tmp_path))
    first = run(grid, output=tmp_path / "out", progress=False)
    before = (tmp_path / "out" / "results.csv").read_text()
    again = run(grid, output=tmp_path / "out", progress=False)
    assert (tmp_path / "out" / "results.csv").read_text() == before
    np.testing.assert_allclose(again["auprc"], first["auprc"], rtol=1e-4)


def test_results_from_before_an_accuracy_was_there_are_read_and_continued(tmp_path: Path) -> None:
    grid = read_config(config(tmp_path))
    run(grid, output=tmp_path, only=lambda job: job.entry.title == "Random", progress=False)
    path = tmp_path / "results.csv"
    pd.read_csv(path).drop(columns="mean_regulator_ratio").to_csv(path, index=False)
    assert read_results(path)["mean_regulator_ratio"].isna().all()
    run(grid, output=tmp_path, progress=False)
    results = read_results(path).set_index("method")
    assert np.isnan(results.loc["Random", "mean_regulator_ratio"])
    assert results.loc["|Pearson|", "mean_regulator_ratio"] > 0
    pd.read_csv(path).rename(columns={"auprc": "aupr"}).to_csv(path, index=False)
    with pytest.raises(ValueError, match="unknown \\['aupr'\\]"):
        read_results(path)


def test_without_the_simulator_its_sets_are_not_run_and_the_others_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sergio_rs", None)
    text = (
        CONFIG + '[[datasets]]\nname = "sergio"\nsergio = { n_cells = 12, n_genes = 20, n_regulators = 4, seed = 0 }\n'
    )
    results = run(read_config(config(tmp_path, text)), progress=False)
    without = results[results["dataset"] == "sergio"]
    assert (without["status"] == "not run").all()
    assert without["reason"].str.contains("infosem[sergio]", regex=False).all()
    assert (results[(results["dataset"] == "drawn") & (results["method"] == "Random")]["status"] == "ok").all()


def test_the_command_prints_the_whole_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = config(tmp_path)
    assert main(["benchmark", "--config", str(path), "--output", str(tmp_path / "out"), "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "all_pairs" in printed
    assert "unseen_genes" not in printed


def test_who_may_regulate(cells: AnnData) -> None:
    truth = read_truth(cells, "truth", signed=True, all_regulate=True)
    assert truth.is_regulator.all()
    assert truth.edges.nnz == cells.varp["truth"].nnz
    with pytest.raises(ValueError, match="one of the two"):
        read_truth(cells, "truth", signed=True, all_regulate=True, regulator_key="is_regulator")
    dataset = Dataset(name="a", source=cells, networks={"truth": "truth"}, all_regulate=True, signed=True)
    grid = Grid(datasets=(dataset,), entries=(Entry(method=methods.Pearson()),), splits=("whole_network",))
    assert run(grid, progress=False)["status"].tolist() == ["ok"]


def test_an_unsaid_sign_is_still_refused(cells: AnnData) -> None:
    with pytest.raises(ValueError, match="signed = true"):
        read_truth(cells, "truth")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("seed = 1 }", "}"), "has no seed"),
        (("seed = 1", "seeds = 1"), "no argument 'seeds'"),
        (("simulate =", "simulated ="), "has no source"),
        (('name = "drawn"', 'name = "drawn"\npath = "a.h5ad"'), "has path and simulate"),
        (('name = "drawn"', 'name = "drawn"\nsigned = true'), "unknown keys signed"),
    ],
)
def test_a_data_set_that_cannot_be_had(changed: tuple[str, str], message: str, tmp_path: Path) -> None:
    text = CONFIG.replace(*changed).replace(", }", " }")
    with pytest.raises(ValueError, match=message):
        read_config(config(tmp_path, text))


def test_there_is_no_other_simulator() -> None:
    with pytest.raises(ValueError, match="there are simulate, sergio"):
        Simulated(simulator="splatter", options={"seed": 0})
