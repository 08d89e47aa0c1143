"""The file of results and the runs that write it: odd names resume, and no end of a run leaves it torn."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

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
    describe_splits,
    methods,
    read_results,
    run,
    summary,
)
from infosem.benchmark._results_file import as_csv

from .result_rows import NAMES, rows

ODD = [name for name in NAMES if name]


@dataclass(frozen=True, kw_only=True)
class Broken(Method):
    title: ClassVar[str] = "broken"
    uses_labels: ClassVar[bool] = True
    message: str = "no\nconvergence"

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        raise RuntimeError(self.message)


@pytest.fixture(scope="module")
def data() -> AnnData:
    adata = datasets.simulate(60, 40, 10, seed=0)
    truth = np.zeros((40, 40))
    truth[:10] = np.random.default_rng(0).random((10, 40)) < 0.3
    np.fill_diagonal(truth, 0)
    adata.varp["chip"] = truth
    return adata


def grid_of(data: AnnData, *entries: Entry, name: str = "data", **options: Any) -> Grid:
    dataset = Dataset(name=name, source=data, networks={"chip": "chip"}, regulator_key="is_regulator")
    return Grid(datasets=(dataset,), entries=entries, **{"n_splits": 2, **options})


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a,b\n1,2\n", "other columns"),
        (b"not a table", "other columns"),
        (as_csv(rows(), header=True).replace(b",False,", b",maybe,"), "'balanced'.*'maybe'"),
        (as_csv(rows(), header=True).replace(b",train,", b",\xe9,"), "'block'"),
        (as_csv(rows(split=7), header=True).replace(b",7,", b",half,"), "'split'.*'half'"),
    ],
)
def test_a_file_of_something_else_is_left_alone(raw: bytes, message: str, data: AnnData, tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_bytes(raw)
    with pytest.raises(ValueError, match=message):
        run(grid_of(data, Entry(method=methods.Pearson())), output=tmp_path, progress=False)
    assert (tmp_path / "results.csv").read_bytes() == raw


def test_data_sets_of_any_name_resume_as_themselves(data: AnnData, tmp_path: Path) -> None:
    sets = tuple(
        Dataset(name=name, source=data, networks={"chip": "chip", name: "chip"}, regulator_key="is_regulator")
        for name in ODD
    )
    entry = Entry(method=methods.Pearson(), name='"Pearson", a/b', cells=1 / 3, keep_scores=True)
    grid = Grid(datasets=sets, entries=(entry,), n_splits=2)
    first = run(grid, output=tmp_path, progress=False)
    again = run(grid, output=tmp_path, progress=False)
    pd.testing.assert_frame_equal(first, again)
    pd.testing.assert_frame_equal(first, read_results(tmp_path / "results.csv"))
    assert summary(again)["dataset"].drop_duplicates().tolist() == ODD
    assert len(list((tmp_path / "scores").glob("*.npy"))) == 2 * len(ODD)
    assert len({name for name, _ in describe_splits(grid)[1]}) == 2 * 2 * len(ODD)


def test_two_splits_of_one_file_name_are_refused(data: AnnData) -> None:
    sets = tuple(
        Dataset(name=name, source=data, networks={network: "chip"}, regulator_key="is_regulator")
        for name, network in (("a_b", "c"), ("a", "b_c"))
    )
    with pytest.raises(ValueError, match="'a_b_c_unseen_genes_0'"):
        describe_splits(Grid(datasets=sets, entries=(), n_splits=1))


@pytest.mark.parametrize("cells", [1 / 3, 0.1 + 0.2, 0.123456789])
def test_a_share_of_cells_matches_its_own_row(cells: float, data: AnnData, tmp_path: Path) -> None:
    for penalty in (0.5, 1.0):  # a method that runs anew under its old name replaces its rows
        entry = Entry(method=methods.Ridge(penalty=penalty), cells=cells)
        results = run(grid_of(data, entry), output=tmp_path, progress=False)
    written = read_results(tmp_path / "results.csv")
    assert len(written) == len(results) == 2 * 4
    assert (written["cells"] == cells).all()


@pytest.mark.parametrize("cut", ["empty", "in the header", "in a reason", "in a row", "one job less"])
def test_a_torn_file_does_not_end_the_run_for_good(cut: str, data: AnnData, tmp_path: Path) -> None:
    grid = grid_of(data, Entry(method=methods.Pearson()), Entry(method=Broken(message="no, 'convergence'\n\nat all")))
    whole = run(grid, output=tmp_path, progress=False)
    path = tmp_path / "results.csv"
    raw = path.read_bytes()
    lines = raw.splitlines(keepends=True)
    torn = {
        "empty": b"",
        "in the header": raw[:30],
        "in a reason": raw[: raw.rindex(b"convergence") + 3],
        "in a row": b"".join(lines[:-1]) + lines[-1][:-9],
        "one job less": b"".join(lines[:-4]),
    }
    path.write_bytes(torn[cut])
    key = ["method", "split", "block"]
    again = run(grid, output=tmp_path, progress=False)
    columns = [*key, "status", "auprc", "reason", "job"]
    pd.testing.assert_frame_equal(
        again[columns].sort_values(key, ignore_index=True), whole[columns].sort_values(key, ignore_index=True)
    )
    pd.testing.assert_frame_equal(read_results(path), again, check_like=True)


def test_a_message_of_many_lines_colours_and_letters_is_one_line(data: AnnData, tmp_path: Path) -> None:
    message = "\x1b[31mred\x1b[0m\r\n\ttab \udcff\0 " + "long " * 10_000
    results = run(
        grid_of(data, Entry(method=Broken(message=message)), Entry(method=methods.Pearson())),
        output=tmp_path, progress=False,
    )  # fmt: skip
    (reason,) = results["reason"].dropna().unique()
    assert reason.isprintable()
    assert reason.startswith("RuntimeError: [31mred [0m tab long")
    assert len(reason) == 2000
    pd.testing.assert_frame_equal(read_results(tmp_path / "results.csv"), results)


@pytest.mark.parametrize("damage", ["removed", "empty", "torn", "not asked for before"])
def test_a_job_without_its_scores_is_not_done(damage: str, data: AnnData, tmp_path: Path) -> None:
    def grid(*, keep: bool = True) -> Grid:
        return grid_of(data, Entry(method=methods.OneHot(n_folds=2), keep_scores=keep))

    run(grid(keep=damage != "not asked for before"), output=tmp_path, progress=False)
    for path in (tmp_path / "scores").glob("*.npy"):
        raw = path.read_bytes()
        path.unlink() if damage == "removed" else path.write_bytes(raw[:-8] if damage == "torn" else b"")
    run(grid(), output=tmp_path, progress=False)
    (path,) = (tmp_path / "scores").glob("*.npy")
    assert np.load(path).shape == (10, 40)
    assert len(read_results(tmp_path / "results.csv")) == 2 * 4
    before = path.stat().st_mtime_ns
    run(grid(), output=tmp_path, progress=False)
    assert path.stat().st_mtime_ns == before


def test_rows_are_there_only_with_their_scores(data: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", disk_full)
    with pytest.raises(OSError, match="No space"):
        run(grid_of(data, Entry(method=methods.Pearson(), keep_scores=True)), output=tmp_path, progress=False)
    assert len(read_results(tmp_path / "results.csv")) == 0
    assert not any((tmp_path / "scores").iterdir())


def test_a_finished_file_is_not_written_again(data: AnnData, tmp_path: Path) -> None:
    grid = grid_of(data, Entry(method=methods.Pearson()))
    run(grid, output=tmp_path, progress=False)
    before = (tmp_path / "results.csv").stat()
    run(grid, output=tmp_path, progress=False)
    after = (tmp_path / "results.csv").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_an_interrupted_rewriting_leaves_the_old_file(
    data: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(grid_of(data, Entry(method=methods.Ridge())), output=tmp_path, progress=False)
    before = (tmp_path / "results.csv").read_bytes()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("infosem.files._atomic.os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        run(grid_of(data, Entry(method=methods.Ridge(penalty=2.0))), output=tmp_path, progress=False)
    assert (tmp_path / "results.csv").read_bytes() == before


def test_a_summary_says_which_methods_it_lacks(data: AnnData, caplog: pytest.LogCaptureFixture) -> None:
    lacks = methods.InfoSEMB(embedding_key="X_genept")
    results = compare(data, [Broken(), lacks, "pearson"], truth="chip", n_splits=2, progress=False)
    caplog.clear()
    with caplog.at_level(logging.WARNING, "infosem"):
        table = summary(results)
    assert table["method"].tolist() == ["|Pearson|"]
    assert [record.getMessage() for record in caplog.records] == [
        "broken failed on (splits) data chip (2): RuntimeError: no convergence",
        "InfoSEM-B not run on (splits) data chip (2): the embedding varm['X_genept'] is not in the data; varm has "
        "['gene_embedding']",
    ]


def test_an_empty_table_has_the_types_of_a_full_one(data: AnnData) -> None:
    results = run(grid_of(data, Entry(method=methods.Pearson())), budget_hours=1e-12, progress=False)
    assert len(results) == 0
    pd.testing.assert_series_equal(results.dtypes, rows().dtypes)
    assert len(summary(results)) == 0
