"""The benchmark of batches, groups and counts: its accuracies, its file of rows, and runs with stand-ins for fits."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from infosem import datasets, tl

from .conftest import BENCHMARKS


@pytest.fixture
def cells(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("cells")


@pytest.fixture
def on_cells(cells):
    return {
        name: importlib.import_module(f"on_cells.{name}")
        for name in ("accuracy", "draws", "fits", "rows", "sergio_types")
    }


def test_accuracies_are_those_of_scikit_learn(on_cells):
    adata = datasets.simulate(50, 40, 8)
    truth = adata.varp["truth"].toarray() != 0
    score = pd.DataFrame(np.random.default_rng(0).random((8, 40)), adata.var_names[:8], adata.var_names)
    found = on_cells["accuracy"].ratios(score, adata)
    rows = [i for i in range(8) if truth[i].any()]
    others = [np.arange(40) != i for i in rows]
    labels = [truth[i][o] for i, o in zip(rows, others, strict=True)]
    scores = [score.to_numpy()[i][o] for i, o in zip(rows, others, strict=True)]

    def over_random(label, score):
        rng = np.random.default_rng(1)
        random = np.mean([average_precision_score(label, rng.random(len(label))) for _ in range(300)])
        return average_precision_score(label, score) / random

    assert found["all_pairs"] == pytest.approx(over_random(np.hstack(labels), np.hstack(scores)), rel=0.02)
    within = [over_random(label, score) for label, score in zip(labels, scores, strict=True)]
    assert found["within_regulators"] == pytest.approx(np.mean(within), rel=0.05)
    perfect = on_cells["accuracy"].ratios(pd.DataFrame(1.0 * truth[:8], score.index, score.columns), adata)
    assert perfect["all_pairs"] > 3
    assert perfect["within_regulators"] > 3


def test_calls_of_differing_edges(on_cells):
    adata = datasets.simulate_groups({"A": 20, "B": 20}, 30, 6, shared=0.5)
    true = on_cells["accuracy"].differing(adata, "A", "B")
    first, second = (adata.varp[f"truth:{group}"].nnz for group in "AB")
    assert len(true) == first + second - 2 * adata.varp["truth"].nnz
    table = pd.DataFrame(sorted(true)[:5] + [("TF0", "TF0")] * 1, columns=["source", "target"])
    found = on_cells["accuracy"].calls(table.assign(q_value=[0, 0.05, 0.1, 0.2, 1, 0.01]), true, q=0.1)
    assert (found["called"], found["right"], found["true"]) == (4, 3, len(true))
    assert found["precision"] == 0.75
    assert found["recall"] == pytest.approx(3 / len(true))


def test_rows_that_are_there_are_not_run_again(on_cells, tmp_path):
    Rows = on_cells["rows"].Rows
    rows = Rows(tmp_path / "rows.csv")
    rows.do({"cells": "a", "shared": 1.0, "seed": 0}, lambda: {"all_pairs": 2.0, "within_regulators": 1 / 3})
    rows.do({"cells": "b", "shared": 1.0, "seed": 0}, lambda: 1 / 0)
    again = Rows(tmp_path / "rows.csv")
    again.do({"cells": "a", "shared": 1.0, "seed": 0}, lambda: pytest.fail("it is there"))
    assert again.table()["error"].isna().to_list() == [True, False]
    assert again.table()["error"].iloc[1] == "ZeroDivisionError: division by zero"
    again.do({"cells": "b", "shared": 1.0, "seed": 0}, lambda: {"all_pairs": 8.0, "within_regulators": 1.0})
    again.do({"cells": "b", "shared": 1.0, "seed": 1}, lambda: {"all_pairs": 2.0, "within_regulators": 1.0})
    table = Rows(tmp_path / "rows.csv").table()
    assert table["error"].isna().all()
    means = on_cells["rows"].geometric_means(table, ["cells"])
    assert means.loc["b"].to_list() == [4.0, 1.0, 2]
    assert means.loc["a"].to_list() == pytest.approx([2.0, 0.33333, 1])


def test_cells_of_the_same_depth_have_no_batch_effect(on_cells):
    draws = on_cells["draws"]
    plain = datasets.simulate(600, 40, 8, depth=20000)
    plain.obs[draws.TYPE] = "a"
    changed = draws.in_batches(plain, balanced=True, seed=0)
    same = draws.same_depth(plain, changed, seed=0)
    counts, wanted = (adata.layers["counts"].sum(0) for adata in (same, changed))
    np.testing.assert_allclose(counts, wanted, rtol=0.15)
    assert same.obs["total_counts"].median() == pytest.approx(changed.obs["total_counts"].median(), rel=0.03)

    def spread(adata):
        means = pd.DataFrame(adata.X.toarray()).groupby(adata.obs["batch"].to_numpy()).mean()
        return means.std().median()

    assert spread(same) < spread(changed) / 4


def test_types_share_a_part_of_their_edges(on_cells, monkeypatch):
    """Without SERGIO: each gene is the number of its regulators, and a gene without edges is not simulated."""

    def steady(network, n_cells, n_types, seed):
        n_regulators = network["target"].value_counts()
        names = pd.unique(network[["source", "target"]].to_numpy().ravel())
        return pd.DataFrame({name: np.full(n_cells, 1.0 + n_regulators.get(name, 0)) for name in names})

    types = on_cells["sergio_types"]
    monkeypatch.setattr(types, "_steady_cells", steady)
    sizes = {"A": 30, "B": 50, "C": 20}
    adata = types.of_types(sizes, 80, 16, shared=0.6, seed=0)
    assert adata.obs["group"].value_counts().to_dict() == sizes
    assert adata.shape == (100, 80)
    assert np.isfinite(adata.X.toarray()).all()
    everyone, *own = (adata.varp[key].toarray() for key in ("truth", "truth:A", "truth:B", "truth:C"))
    np.testing.assert_array_equal(everyone != 0, np.all([network != 0 for network in own], axis=0))
    # an edge that not all have is in about half of them
    assert (everyone != 0).sum() / (own[0] != 0).sum() == pytest.approx((0.6 + 0.4 / 8) / (0.6 + 0.4 / 2), abs=0.12)
    assert (adata.var["is_regulator"] | (own[0] == 0).all(axis=1)).all()
    same = types.of_types(sizes, 80, 16, shared=1.0, seed=0)
    assert (same.varp["truth"] != same.varp["truth:B"]).nnz == 0


@pytest.fixture
def stand_ins(on_cells, monkeypatch):
    """The correlation in place of all that is fitted, and a table of calls."""
    fits = on_cells["fits"]
    monkeypatch.setattr(fits, "infosem", lambda adata, **options: fits.correlation(adata))
    monkeypatch.setattr(fits, "grnboost2", lambda adata, **options: fits.correlation(adata))
    monkeypatch.setattr(fits, "fit", lambda adata, **options: adata)
    monkeypatch.setattr(fits, "strength", lambda model, **of: fits.correlation(model))
    calls = pd.DataFrame({"source": ["TF0"], "target": ["gene0"], "q_value": [0.01]})
    monkeypatch.setattr(tl, "differential_edges", lambda model, first, second: calls)
    # SERGIO is an optional package
    planted = on_cells["draws"].of_types

    def of_types(kind, *, seed, fast):
        if kind == "planted":
            return planted(kind, seed=seed, fast=fast)
        adata = datasets.simulate(150, 40, 8, depth=8000, seed=seed)
        if kind == "SERGIO":
            del adata.layers["counts"]
        adata.obs["cell_type"] = np.repeat(["a", "b", "c"], 50)
        return adata

    monkeypatch.setattr(on_cells["draws"], "of_types", of_types)
    monkeypatch.setattr(
        on_cells["sergio_types"],
        "of_types",
        lambda sizes, *genes, shared, seed: datasets.simulate_groups(sizes, *genes, shared=shared, seed=seed),
    )
    monkeypatch.setattr(datasets, "sergio", lambda *size, n_types, depth, seed: datasets.simulate(*size, depth=depth))


@pytest.mark.parametrize(("part", "n_rows"), [("batches", 110), ("groups", 71), ("counts", 36)])
def test_a_trial_of_each_part(cells, stand_ins, tmp_path, capsys, part, n_rows):
    cells.main([part, "--fast", "--output", str(tmp_path)])
    table = pd.read_csv(tmp_path / f"{part}_fast.csv")
    missing = table["method"].str.contains("negative binomial") & table["error"].notna()
    assert len(table) == n_rows
    assert table["error"][~missing].isna().all()
    assert (tmp_path / f"{part}_fast.md").read_text().strip() in capsys.readouterr().out
    cells.main([part, "--fast", "--output", str(tmp_path), "--summary"])
    assert len(pd.read_csv(tmp_path / f"{part}_fast.csv")) == n_rows
