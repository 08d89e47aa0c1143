"""The report of the paper's benchmark: what was not run, tables and figures of a real run."""

from __future__ import annotations

import math
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from matplotlib import image
from matplotlib.figure import Figure

from infosem import datasets
from infosem.benchmark import Dataset, Entry, Grid, Method, methods, read_config, run, summary

from .conftest import BENCHMARKS
from .test_summary import SPECIFIC, table


def test_candidates_of_a_weight_become_a_tuned_method(report: ModuleType) -> None:
    rows = [
        {"method": method, "block": block, "auprc": value}
        for method, value in (("X (MiniLM)", 0.2), ("X (MiniLM, weight 1e2)", 0.4), ("X (MiniLM, permuted)", 0.9))
        for block in ("train", "unseen_genes")
    ]
    tuned = report.study.with_tuned(table(*rows)).query("method == 'X (MiniLM, tuned)'")
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


def test_missing_fits_are_estimated_from_the_finished_ones(data: AnnData, report: ModuleType) -> None:
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
    missing = report.missing.missing_jobs(results, grid).set_index(["method", "where"])
    planned, beyond = "in the configuration", "in the paper only"
    assert missing.loc[("One-hot LR", planned), "n_jobs"] == 2
    assert missing.loc[("One-hot LR", planned), "hours"] == pytest.approx(2.0)
    assert missing.loc[("MatComp", planned), "n_jobs"] == 3
    assert math.isnan(missing.loc[("MatComp", planned), "hours"])
    assert missing.loc[("GENELink", beyond), "n_jobs"] == 2  # splits that the entry leaves out
    assert missing.loc[("GENELink", beyond), "hours"] == pytest.approx(1.0)
    assert "|Pearson|" not in missing.index.get_level_values("method")


def test_an_estimate_scales_with_the_training_pairs_of_methods_that_read_labels(
    data: AnnData, report: ModuleType
) -> None:
    small, large = (grid_of(data, methods.OneHot(), methods.Pearson(), name=name, n_splits=1) for name in ("s", "l"))
    grid = Grid(datasets=(*small.datasets, *large.datasets), entries=small.entries, n_splits=1)
    by_name = {(job.dataset.name, job.entry.title): job for job in grid.jobs()}
    results = table(
        {"method": "One-hot LR", "dataset": "s", "block": "train", "job": by_name["s", "One-hot LR"].key,
         "seconds": 3600.0, "n_pairs": 50},
        {"method": "|Pearson|", "dataset": "l", "block": "train", "job": by_name["l", "|Pearson|"].key,
         "seconds": 3600.0, "n_pairs": 200},
    )  # fmt: skip
    hours = report.missing.missing_jobs(results, grid).set_index(["method", "dataset"])["hours"]
    assert hours["One-hot LR", "l"] == pytest.approx(4.0)
    assert hours["|Pearson|", "s"] == pytest.approx(1.0)


def test_texts_of_cells(report: ModuleType) -> None:
    text = report.markdown
    assert text.mean_sd(0.331, 0.055, 1.491) == "0.331 (0.055) 1.49x"
    assert text.mean_sd(0.222, math.nan) == "0.222"
    assert [text.percent(0.25), text.percent(math.nan)] == ["+25.0 %", "-"]
    assert [text.not_run(hours) for hours in (math.nan, 0.01, 3.14, 240.4)] == [
        "not run", "not run, <0.1 h", "not run, ~3.1 h", "not run, ~240 h",
    ]  # fmt: skip
    lines = text.markdown_table(pd.DataFrame({"method": ["|r|"], "x": ["1"]})).split("\n")
    assert lines == ["| method | x |", "| --- | ---: |", "| \\|r\\| | 1 |"]


def test_report_of_a_real_run(data: AnnData, report: ModuleType, tmp_path: Path) -> None:
    one_hot = Entry(method=methods.OneHot(), keep_scores=True)
    balanced = Entry(method=methods.OneHot(), name="One-hot LR, balanced", balanced=True)
    few = Entry(method=methods.Pearson(), name="|Pearson|, 50 % of cells", cells=0.5)
    grid = grid_of(data, methods.RandomOrder(), methods.Pearson(), one_hot, balanced, few)
    run(grid, output=tmp_path / "run", progress=False)
    wanted = Grid(datasets=grid.datasets, entries=(*grid.entries, Entry(method=methods.MatrixCompletion())), n_splits=2)

    path = report.write_report(tmp_path / "run", tmp_path / "report", wanted, command="python report.py --config x")
    text = path.read_text()
    for part in ("`python report.py --config x`", "torch", "## The paper's claims", "Table 2", "## Not run"):
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


def test_figures_of_scores_that_are_not_at_hand_stay(data: AnnData, report: ModuleType, tmp_path: Path) -> None:
    grid = grid_of(data, Entry(method=methods.OneHot(), keep_scores=True))
    run(grid, output=tmp_path, progress=False)
    written = report.write_report(tmp_path, tmp_path / "report", grid, command="")
    drawn = (tmp_path / "report" / f"figure_3b_{SPECIFIC}.png").read_bytes()
    assert "earlier report" not in written.read_text()
    for scores in (tmp_path / "scores").iterdir():
        scores.unlink()
    text = report.write_report(tmp_path, tmp_path / "report", grid, command="").read_text()
    assert (tmp_path / "report" / f"figure_3b_{SPECIFIC}.png").read_bytes() == drawn
    assert text.count("Of an earlier report") == 2
    assert f"(figure_3b_{SPECIFIC}.png)" in text
    text = report.write_report(tmp_path, tmp_path / "new", grid, command="").read_text()
    assert "what the one-hot regression learns, cell-type-specific ChIP-seq): not run with kept scores" in text


def written_results(folder: Path, grid: Grid, *rows: dict[str, Any]) -> None:
    """Results of a method on the splits of a grid, a row for each of its first jobs."""
    common = {"method": grid.entries[0].title, "auprc": 0.5, "hit1": 0.4, "n_top1": 1.0}
    made = [
        {**common, "dataset": job.dataset.name, "split": job.split_seeds[0], "job": job.key, **row}
        for job, row in zip(grid.jobs(), rows, strict=False)
    ]
    table(*made).to_csv(folder / "results.csv", index=False)


def test_a_method_that_failed_says_so(data: AnnData, report: ModuleType, tmp_path: Path) -> None:
    grid = grid_of(data, methods.OneHot(), n_splits=1)
    written_results(tmp_path, grid, {"status": "failed", "reason": "no convergence"})
    text = report.write_report(tmp_path, tmp_path / "report", grid, command="").read_text()
    assert "| One-hot LR | failed | 0.210 (0.018) 0.95x |" in text
    assert "1 fits failed" in text
    assert "no convergence" in text


def test_only_rows_of_the_grid_count_and_partial_methods_say_so(
    data: AnnData, report: ModuleType, tmp_path: Path
) -> None:
    grid = grid_of(data, methods.OneHot(), n_splits=2)
    written_results(tmp_path, grid, {}, {"auprc": 0.9, "job": "of other parameters"})
    study = report.study.Study.read(tmp_path, grid)
    assert study.n_other_rows == 1
    text = report.tables.all_tables(study)["table_2"].text
    assert "| One-hot LR | 0.500 2.14x [1 of 2] | 0.210 (0.018) 0.95x |" in text
    assert "| scGREAT | not run | 0.224 (0.029) 1.01x |" in text


def test_counts_of_means_leave_out_methods_that_have_nothing_else(report: ModuleType, tmp_path: Path) -> None:
    rows = [
        {"method": method, "auprc": 0.5, "auprc_regulator_means": means, "hit1": 0.4, "n_top1": 1.0}
        for method, means in (("|Pearson|", 0.6), ("GRNBoost2", 0.4), ("One-hot LR", 0.5), ("MatComp", 0.5))
    ]
    study = report.study.Study(tmp_path, Grid(datasets=(), entries=()), table(*rows), 0)
    sentence = report.findings.findings(study)[-1]
    assert "in 1 of 2 cases of a data set and a method that reads expression or text" in sentence


def test_a_line_of_what_was_not_run_has_all_data_sets_and_skips_are_told(
    data: AnnData, report: ModuleType, tmp_path: Path
) -> None:
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
        study = report.study.Study.read(tmp_path, grid)
        assert expected in report.missing.missing_text(study.missing, report.missing.failures(study.results))


def test_names_are_no_formulas(data: AnnData, report: ModuleType, tmp_path: Path) -> None:
    grid = grid_of(data, methods.Pearson(), name="$\\x$ a/b: 1|2")
    run(grid, output=tmp_path, progress=False)
    text = report.write_report(tmp_path, tmp_path / "report", grid, command="").read_text()
    assert "| method | $\\x$ a/b: 1\\|2 |" in text
    assert any(tmp_path.glob("report/figure_3a_*.png"))


def test_folders_that_will_not_do_are_named(data: AnnData, report: ModuleType, tmp_path: Path) -> None:
    grid = grid_of(data, methods.Pearson())
    with pytest.raises(FileNotFoundError, match=r"results\.csv"):
        report.write_report(tmp_path, tmp_path / "report", grid, command="")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="file is a file"):
        report.write_report(tmp_path, tmp_path / "file", grid, command="")


def test_the_command_names_itself(report: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets.simulate(60, 40, 10, seed=0).write_h5ad(tmp_path / "tiny.h5ad")
    config = tmp_path / "tiny.toml"
    config.write_text(
        "n_splits = 1\n[[datasets]]\nname = 'tiny'\npath = 'tiny.h5ad'\nnetworks = ['truth']\n"
        "regulator_key = 'is_regulator'\nsigned = true\n[[methods]]\nmethod = 'pearson'\n"
    )
    run(read_config(config, data=tmp_path), output=tmp_path / "run", progress=False)
    options = ["--config", config, "--data", tmp_path, "--results", tmp_path / "run", "--output", tmp_path / "report"]
    monkeypatch.setattr(sys, "argv", ["report.py", *map(str, options)])
    runpy.run_path(str(BENCHMARKS / "report.py"), run_name="__main__")
    text = (tmp_path / "report" / "report.md").read_text()
    assert f"- Command: `python benchmarks/report.py --config {config} " in text
    assert "1 fits" in text


def test_files_of_a_report_appear_whole_or_not_at_all(
    data: AnnData, report: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = grid_of(data, methods.Pearson())
    run(grid, output=tmp_path, progress=False)
    folder = report.write_report(tmp_path, tmp_path / "report", grid, command="").parent
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert {path.suffix for path in before} == {".md", ".csv", ".png"}

    def half(self: object, path: Path, **_: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    for owner, name in ((pd.DataFrame, "to_csv"), (Figure, "savefig")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, half)
            with pytest.raises(OSError, match="No space left"):
                report.write_report(tmp_path, folder, grid, command="")
        assert {path: path.read_bytes() for path in folder.iterdir()} == before
