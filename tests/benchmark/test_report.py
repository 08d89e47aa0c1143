"""The report: means, ratios, claims, selection, what was not run."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from matplotlib import image

from infosem import datasets
from infosem.benchmark import Dataset, Entry, Grid, Method, methods, run
from infosem.benchmark._results import COLUMNS
from infosem.benchmark.report import select_by_training, summary, write_report
from infosem.benchmark.report._claims import CLAIMS, accuracies, changes, claims_table, claims_text, paper_accuracies
from infosem.benchmark.report._completeness import missing_jobs
from infosem.benchmark.report._findings import findings
from infosem.benchmark.report._markdown import markdown_table, mean_sd, not_run
from infosem.benchmark.report._paper import paper_method, paper_numbers
from infosem.benchmark.report._selection import with_tuned
from infosem.benchmark.report._study import Study
from infosem.benchmark.report._tables import accuracy_tables

SPECIFIC, NON_SPECIFIC = "chip_cell_specific", "chip_non_specific"


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    """Results, as a run writes them."""
    common = {
        "dataset": "hESC", "network": SPECIFIC, "split_kind": "unseen_genes", "split": 0, "seed": 0, "cells": 1.0,
        "balanced": False, "block": "unseen_genes", "status": "ok", "n_pairs": 100, "n_edges": 20, "hit1": 0.4,
        "seconds": 1.0, "peak_mb": 100.0, "peak_gpu_mb": 0.0,
    }  # fmt: skip
    return pd.DataFrame([{"job": str(n), **common, **row} for n, row in enumerate(rows)]).reindex(columns=list(COLUMNS))


def test_summary_averages_seeds_within_a_split_first_and_orders_by_accuracy() -> None:
    results = table(
        {"method": "a", "split": 0, "seed": 0, "auprc": 0.1, "n_edges": 1, "n_pairs": 2},
        {"method": "a", "split": 0, "seed": 1, "auprc": 0.3, "n_edges": 1, "n_pairs": 2},
        {"method": "a", "split": 1, "auprc": 0.8, "n_edges": 1, "n_pairs": 3},
        {"method": "b", "split": 0, "auprc": 0.9},
        {"method": "c", "split": 0, "status": "failed"},
        {"method": "a", "block": "unseen_interactions", "auprc": 0.99},
        {"method": "a", "split_kind": "per_regulator", "auprc": 0.99},
    )
    found = summary(results, metrics=["auprc", "auprc_over_random", "hit1_over_random"])
    assert list(found["method"]) == ["b", "a"]
    a = found.set_index("method").loc["a"]
    assert a["n_splits"] == 2
    assert a["auprc"] == pytest.approx((0.2 + 0.8) / 2)  # not the mean of the three rows, 0.4
    assert a["auprc_sd"] == pytest.approx(0.6 / math.sqrt(2))
    # one edge, at each place alike: precision 1, 1/2 (or 1, 1/2, 1/3)
    random = ((1 + 1 / 2) / 2, (1 + 1 / 2 + 1 / 3) / 3)
    assert a["auprc_over_random"] == pytest.approx(0.5 / np.mean(random))  # not the mean of the two ratios
    assert a["hit1_over_random"] == pytest.approx(0.4 / np.mean([1 / 2, 1 / 3]))
    assert math.isnan(found.set_index("method").loc["b", "auprc_sd"])


def test_summary_of_results_without_a_scored_row_is_empty_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    rows = [{"method": "a", "split": n, "status": "failed", "reason": f"no {n % 2}"} for n in range(4)]
    with caplog.at_level(logging.WARNING):
        found = summary(table(*rows))
    assert len(found) == 0
    assert "auprc_sd" in found
    assert [record.getMessage().partition("scored: ")[2] for record in caplog.records] == ["no 0; no 1"]


def test_summary_names_what_there_is() -> None:
    results = table(
        {"method": "a", "auprc": 0.5},
        {"method": "a", "auprc": 0.7, "split_kind": "per_regulator", "block": "unseen_interactions"},
    )
    assert list(summary(results, metrics="auprc").columns[-2:]) == ["auprc", "auprc_sd"]
    found = summary(results, split_kind="per_regulator", block="unseen_interactions")
    assert list(found["auprc"]) == [0.7]
    with pytest.raises(ValueError, match="'auroc1' is no metric .*'auroc'.*'auprc_over_random'"):
        summary(results, metrics=["auprc", "auroc1"])
    with pytest.raises(ValueError, match="'unseen' is no block .*'unseen_genes'"):
        summary(results, block="unseen")
    with pytest.raises(ValueError, match="'unseen_genes' is no block of the split 'per_regulator'.*'unseen_interact"):
        summary(results, split_kind="per_regulator")
    with pytest.raises(ValueError, match="'per_regulator' is no kind of split .* there are 'unseen_genes'"):
        summary(results[:1], split_kind="per_regulator")


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("InfoSEM-B over DeepSEM, both networks", 38.5),
        ("InfoSEM-B over DeepSEM, cell-specific", 25),
        ("InfoSEM-B over DeepSEM, non-specific", 52),
        ("InfoSEM-BC over DeepSEM, cell-specific", 31),
        ("InfoSEM-BC over DeepSEM, non-specific", 66),
        ("scGREAT and GENELink, unseen genes instead of interactions, cell-specific", -42),
        ("scGREAT and GENELink, unseen genes instead of interactions, non-specific", -79),
    ],
)
def test_definition_of_a_claim_gives_the_papers_number_from_its_tables(text: str, percent: float) -> None:
    claim = next(claim for claim in CLAIMS if claim.text == text)
    assert 100 * changes(claim, paper_accuracies())["change"].mean() == pytest.approx(percent, abs=0.51)
    assert claim.said == pytest.approx(percent / 100)


def test_the_papers_tables_do_not_give_its_11_percent() -> None:
    claim = next(claim for claim in CLAIMS if claim.said == 0.111)
    assert 100 * changes(claim, paper_accuracies())["change"].mean() == pytest.approx(7.38, abs=0.01)


def test_paper_numbers_and_names() -> None:
    numbers = paper_numbers().set_index(["table", "dataset", "method", "metric"])
    assert numbers.loc[(2, "hESC", "InfoSEM-B", "auprc"), "ratio"] == pytest.approx(0.331 / 0.222)
    assert numbers.loc[(6, "hHEP", "InfoSEM-BC", "recall"), "mean"] == 0.38
    assert paper_method("InfoSEM-B (MiniLM)") == paper_method("InfoSEM-B (BioBERT, tuned)") == "InfoSEM-B"
    assert paper_method("scGREAT") == "scGREAT"
    for name in ("InfoSEM-B (MiniLM, permuted)", "InfoSEM-B (GenePT)", "InfoSEM-B prior mean (MiniLM)", "|Pearson|"):
        assert paper_method(name) is None


def test_claims_compare_the_same_text_on_the_splits_that_both_have() -> None:
    results = table(
        {"method": "InfoSEM-B (BioBERT)", "split": 0, "auprc": 0.3},
        {"method": "InfoSEM-B (BioBERT)", "split": 1, "auprc": 0.9},  # DeepSEM lacks this split
        {"method": "InfoSEM-B (MiniLM)", "split": 0, "auprc": 0.5},
        {"method": "InfoSEM-BC (MiniLM)", "split": 0, "auprc": 0.6},
        {"method": "DeepSEM", "split": 0, "auprc": 0.2},
        {"method": "DeepSEM, 20 % of cells", "split": 0, "auprc": 0.1, "cells": 0.2},
        {"method": "InfoSEM-B (BioBERT), 20 % of cells", "split": 0, "auprc": 0.24, "cells": 0.2},
    )
    ours = accuracies(results)
    by_text = {claim.text: claim for claim in CLAIMS}

    def change(text: str, *texts: str) -> float:
        part = changes(by_text[text], ours, texts)
        return float(part.query("dataset == 'hESC' and network == @SPECIFIC and metric == 'auprc'")["change"].iloc[0])

    texts = (" (BioBERT)", " (MiniLM)", "")
    assert change("InfoSEM-B over DeepSEM, cell-specific", *texts) == pytest.approx(0.3 / 0.2 - 1)
    assert change("InfoSEM-B over DeepSEM, cell-specific", " (MiniLM)") == pytest.approx(0.5 / 0.2 - 1)
    # BC has MiniLM alone, so that B counts with MiniLM too
    assert change("InfoSEM-BC over InfoSEM-B, both networks", *texts) == pytest.approx(0.6 / 0.5 - 1)
    few = "InfoSEM-B with 20 % of the cells over DeepSEM with all, hESC cell-specific"
    assert change(few, *texts) == pytest.approx(0.24 / 0.2 - 1)


def test_a_claim_with_a_missing_part_is_not_run_and_a_drop_can_be_of_ratios() -> None:
    rows = [
        {"method": method, "dataset": dataset, "block": block, "auprc": auprc, "hit1": auprc, "n_edges": n_edges}
        for method in ("scGREAT", "GENELink")
        for dataset in ("hESC", "hHEP", "mDC", "mESC")
        for block, auprc, n_edges in (("unseen_interactions", 0.6, 20), ("unseen_genes", 0.3, 30))
    ]
    whole = claims_table(table(*rows)).set_index("claim")
    assert whole.loc[CLAIMS[6].text, "ours"] == pytest.approx(-0.5)
    harmonic = sum(1 / k for k in range(1, 101))
    random = [((n_edges - 1) / 99 * (100 - harmonic) + harmonic) / 100 for n_edges in (20, 30)]
    changed = [(0.3 / random[1]) / (0.6 / random[0]) - 1, (0.3 / 0.3) / (0.6 / 0.2) - 1]  # AUPRC, Hit@1%
    assert whole.loc[CLAIMS[8].text, "ours"] == pytest.approx(np.mean(changed))
    partial = claims_text(claims_table(table(*rows[2:]))).set_index("claim")
    assert partial.loc[CLAIMS[6].text, "ours"] == "not run: 2 of 16 parts"


def test_selection_looks_at_the_training_labels_alone() -> None:
    auprc = {  # training and test, by method and split
        ("a", 0): (0.5, 0.1), ("b", 0): (0.4, 0.9), ("a", 1): (0.2, 0.9), ("b", 1): (0.3, 0.2), ("c", 1): (0.99, 0.99),
    }  # fmt: skip
    rows = [
        {"method": method, "split": split, "block": block, "auprc": value}
        for (method, split), values in auprc.items()
        for block, value in zip(("train", "unseen_genes"), values, strict=True)
    ]
    chosen = select_by_training(table(*rows), ["a", "b"], "best").query("block == 'unseen_genes'").set_index("split")
    assert list(chosen.loc[[0, 1], "selected"]) == ["a", "b"]
    assert list(chosen.loc[[0, 1], "auprc"]) == [0.1, 0.2]
    assert set(chosen["method"]) == {"best"}


def test_candidates_of_a_weight_become_a_tuned_method() -> None:
    rows = [
        {"method": method, "block": block, "auprc": value}
        for method, value in (("X (MiniLM)", 0.2), ("X (MiniLM, weight 1e2)", 0.4), ("X (MiniLM, permuted)", 0.9))
        for block in ("train", "unseen_genes")
    ]
    tuned = with_tuned(table(*rows)).query("method == 'X (MiniLM, tuned)'")
    assert len(tuned) == 2
    assert set(tuned["selected"]) == {"X (MiniLM, weight 1e2)"}


@pytest.fixture(scope="module")
def data() -> AnnData:
    adata = datasets.simulate(40, 100, 16, seed=0)
    truth = np.zeros((100, 100))
    truth[:16] = np.random.default_rng(0).random((16, 100)) < np.linspace(0.3, 0.7, 16)[:, None]
    np.fill_diagonal(truth, 0)
    adata.varp[SPECIFIC] = truth
    return adata


def grid_of(data: AnnData, *entries: Method | Entry, n_splits: int = 2, name: str = "hESC") -> Grid:
    dataset = Dataset(name=name, source=data, networks={SPECIFIC: SPECIFIC}, regulator_key="is_regulator")
    made = tuple(entry if isinstance(entry, Entry) else Entry(method=entry) for entry in entries)
    return Grid(datasets=(dataset,), entries=made, n_splits=n_splits)


def test_missing_fits_are_estimated_from_the_finished_ones(data: AnnData) -> None:
    entries = (
        methods.OneHot(),
        methods.Pearson(),
        methods.MatrixCompletion(),
        Entry(method=methods.GENELink(), n_splits=1),
    )
    grid = grid_of(data, *entries, n_splits=3)
    first = {job.entry.title: job for job in reversed(grid.jobs())}

    def fit(title: str, seconds: float, n_pairs: int) -> dict[str, Any]:
        return {"method": title, "block": "train", "job": first[title].key, "seconds": seconds, "n_pairs": n_pairs}

    results = table(fit("One-hot LR", 3600.0, 50), fit("GENELink", 1800.0, 50), fit("|Pearson|", 5.0, 50))
    missing = missing_jobs(results, grid).set_index(["method", "where"])
    planned, beyond = "in the configuration", "in the paper only"
    assert missing.loc[("One-hot LR", planned), "n_jobs"] == 2
    assert missing.loc[("One-hot LR", planned), "hours"] == pytest.approx(2.0)
    assert missing.loc[("MatComp", planned), "n_jobs"] == 3
    assert math.isnan(missing.loc[("MatComp", planned), "hours"])
    assert missing.loc[("GENELink", beyond), "n_jobs"] == 2  # splits that the entry leaves out
    assert missing.loc[("GENELink", beyond), "hours"] == pytest.approx(1.0)
    assert "|Pearson|" not in missing.index.get_level_values("method")


def test_an_estimate_scales_with_the_training_pairs_of_methods_that_read_labels(data: AnnData) -> None:
    small, large = (grid_of(data, methods.OneHot(), methods.Pearson(), name=name, n_splits=1) for name in ("s", "l"))
    grid = Grid(datasets=(*small.datasets, *large.datasets), entries=small.entries, n_splits=1)
    by_name = {(job.dataset.name, job.entry.title): job for job in grid.jobs()}
    results = table(
        {"method": "One-hot LR", "dataset": "s", "block": "train", "job": by_name["s", "One-hot LR"].key,
         "seconds": 3600.0, "n_pairs": 50},
        {"method": "|Pearson|", "dataset": "l", "block": "train", "job": by_name["l", "|Pearson|"].key,
         "seconds": 3600.0, "n_pairs": 200},
    )  # fmt: skip
    hours = missing_jobs(results, grid).set_index(["method", "dataset"])["hours"]
    assert hours["One-hot LR", "l"] == pytest.approx(4.0)
    assert hours["|Pearson|", "s"] == pytest.approx(1.0)


def test_texts_of_cells() -> None:
    assert mean_sd(0.331, 0.055, 1.491) == "0.331 (0.055) 1.49x"
    assert mean_sd(0.222, math.nan) == "0.222"
    assert [not_run(), not_run(0.01), not_run(3.14), not_run(240.4)] == [
        "not run", "not run, <0.1 h", "not run, ~3.1 h", "not run, ~240 h",
    ]  # fmt: skip
    lines = markdown_table(pd.DataFrame({"method": ["|r|"], "x": ["1"]})).split("\n")
    assert lines == ["| method | x |", "| --- | ---: |", "| \\|r\\| | 1 |"]


def test_report_of_a_real_run(data: AnnData, tmp_path: Path) -> None:
    one_hot = Entry(method=methods.OneHot(), keep_scores=True)
    balanced = Entry(method=methods.OneHot(), name="One-hot LR, balanced", balanced=True)
    few = Entry(method=methods.Pearson(), name="|Pearson|, 50 % of cells", cells=0.5)
    grid = grid_of(data, methods.RandomOrder(), methods.Pearson(), one_hot, balanced, few)
    run(grid, output=tmp_path / "run", progress=False)
    wanted = Grid(datasets=grid.datasets, entries=(*grid.entries, Entry(method=methods.MatrixCompletion())), n_splits=2)

    path = write_report(tmp_path / "run", tmp_path / "report", grid=wanted, command="infosem benchmark --config x.toml")
    text = path.read_text()
    for part in ("`infosem benchmark --config x.toml`", "torch", "## The paper's claims", "Table 2", "## Not run"):
        assert part in text
    assert "| MatComp | chip_cell_specific | hESC (2 splits) | 2 | no estimate |" in text
    assert "0.331 (0.055) 1.49x" in text  # InfoSEM-B of the paper, beside what was not run
    assert "Figure 4 (InfoSEM-B with other embeddings, cell-type-specific ChIP-seq): not run\n" in text
    random = pd.read_csv(path.parent / "table_2.csv").set_index("method").loc["Random"]
    assert random["auprc_over_random"] == pytest.approx(1, abs=1e-4)
    figures = {figure.stem for figure in path.parent.glob("*.png")}
    assert {f"{name}_{SPECIFIC}" for name in (
        "figure_3a", "figure_3b", "figure_3c_hESC", "figure_5_unseen_genes", "figure_6", "row_means"
    )} <= figures  # fmt: skip
    for name in figures:
        assert f"({name}.png)" in text
        assert image.imread(path.parent / f"{name}.png").std() > 0.02
    ours = pd.read_csv(path.parent / "table_2.csv").set_index("method")
    expected = summary(pd.read_csv(tmp_path / "run" / "results.csv")).set_index("method")
    assert ours.loc["One-hot LR", "auprc"] == pytest.approx(expected.loc["One-hot LR", "auprc"])
    assert ours.loc["One-hot LR", "auprc_paper"] == 0.210
    assert len(pd.read_csv(path.parent / "not_run.csv")) == 1


def test_report_without_a_grid_has_the_methods_of_the_results(tmp_path: Path) -> None:
    results = table(
        {"method": "mine", "dataset": "d", "network": "n", "auprc": 0.5, "hit1": 0.4, "n_top1": 1.0},
        {"method": "broken", "dataset": "d", "network": "n", "status": "failed", "reason": "no convergence"},
    )
    results.to_csv(tmp_path / "results.csv", index=False)
    text = write_report(tmp_path, tmp_path / "report").read_text()
    assert "| mine | 0.500 2.14x |" in text
    assert "| broken | failed |" in text
    assert "no convergence" in text
    assert "claims" not in text
    assert "| InfoSEM-B" not in text
    assert "Figure 3b (what the one-hot regression learns, n): not drawn without a configuration" in text


def test_only_rows_of_the_grid_count_and_partial_methods_say_so(data: AnnData, tmp_path: Path) -> None:
    grid = grid_of(data, methods.OneHot(), n_splits=2)
    job = grid.jobs()[0]
    results = table(
        {"method": "One-hot LR", "auprc": 0.5, "hit1": 0.4, "n_top1": 1.0, "job": job.key},
        {"method": "One-hot LR", "split": 1, "auprc": 0.9, "hit1": 0.4, "n_top1": 1.0, "job": "of other parameters"},
    )
    results.to_csv(tmp_path / "results.csv", index=False)
    study = Study.read(tmp_path, grid)
    assert study.n_other_rows == 1
    (text,) = (t.texts["AUPRC"] for t in accuracy_tables(study) if t.name == "table_2")
    row = text.set_index("method").loc["One-hot LR"]
    assert row["hESC"] == "0.500 2.14x [1 of 2]"
    assert row["hESC, paper"] == "0.210 (0.018) 0.95x"
    assert text.set_index("method").loc["scGREAT", "hESC"] == "not run"


def test_counts_of_means_leave_out_methods_that_have_nothing_else(tmp_path: Path) -> None:
    rows = [
        {"method": method, "auprc": 0.5, "auprc_regulator_means": means, "hit1": 0.4, "n_top1": 1.0}
        for method, means in (("|Pearson|", 0.6), ("GRNBoost2", 0.4), ("One-hot LR", 0.5), ("MatComp", 0.5))
    ]
    table(*rows).to_csv(tmp_path / "results.csv", index=False)
    sentence = findings(Study.read(tmp_path, None))[-1]
    assert "in 1 of 2 cases of a data set and a method that reads expression or text" in sentence


def test_a_line_of_what_was_not_run_has_all_data_sets_and_skips_are_told(data: AnnData, tmp_path: Path) -> None:
    small, large = (grid_of(data, methods.OneHot(), name=name) for name in ("s", "l"))
    grid = Grid(datasets=(*small.datasets, *large.datasets), entries=small.entries, n_splits=2)
    common = {"method": "One-hot LR", "auprc": 0.5, "hit1": 0.4, "n_top1": 1.0}
    rows = [{**common, "dataset": job.dataset.name, "split": job.split_seeds[0], "job": job.key} for job in grid.jobs()]
    rows[0] |= {"status": "skipped", "reason": "the block has no edge"}
    for there, expected in (
        (rows[:1], "| One-hot LR | chip_cell_specific | s (1 split); l (2 splits) | 3 | no estimate |"),
        (rows, "was run, but not every block could be scored. chip_cell_specific: the block has no edge."),
        (rows[1:2], "| One-hot LR | chip_cell_specific | s (1 split); l (2 splits) | 3 | ~3.0 |"),
    ):
        trained = [{**row, "block": "train", "seconds": 3600.0} for row in there if row.get("status") != "skipped"]
        table(*there, *trained).to_csv(tmp_path / "results.csv", index=False)
        assert expected in write_report(tmp_path, tmp_path / "report", grid=grid).read_text()


def test_a_folder_without_results_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"results\.csv"):
        write_report(tmp_path, tmp_path / "report")
