"""Results that are kept compressed: a run goes on from them as from plain ones, and nothing is lost on the way."""

from __future__ import annotations

import importlib
import lzma
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from infosem import datasets
from infosem.benchmark import Dataset, Entry, Grid, methods, read_results, run, summary


@pytest.fixture(scope="module")
def grid() -> Grid:
    adata = datasets.simulate(60, 40, 10, seed=0)
    adata.varp["chip"] = (np.random.default_rng(0).random((40, 40)) < 0.3) * (np.arange(40) < 10.0)[:, None]
    dataset = Dataset(name="data", source=adata, networks={"chip": "chip"}, regulator_key="is_regulator")
    return Grid(datasets=(dataset,), entries=tuple(Entry(method=m) for m in (methods.Pearson(), methods.OneHot())))


@pytest.fixture
def pack(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module("pack")


def pearson_alone(job: object) -> bool:
    return job.entry.title == "|Pearson|"


def compressed(folder: Path) -> Path:
    plain = folder / "results.csv"
    packed = plain.with_name("results.csv.xz")
    packed.write_bytes(lzma.compress(plain.read_bytes()))
    plain.unlink()
    return packed


def test_a_run_goes_on_from_compressed_results(grid: Grid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(grid, output=tmp_path, only=pearson_alone, progress=False)
    packed = compressed(tmp_path)
    pd.testing.assert_frame_equal(read_results(packed), first)
    pd.testing.assert_frame_equal(read_results(tmp_path / "results.csv"), first)
    monkeypatch.setattr(methods.Pearson, "score", None)  # not run again
    both = run(grid, output=tmp_path, progress=False)
    assert set(both.loc[both["status"] == "ok", "method"]) == {"|Pearson|", "One-hot LR"}
    pd.testing.assert_frame_equal(both[: len(first)], first)
    # what is plain has all, and is what counts from now on
    packed.write_bytes(b"damaged")
    pd.testing.assert_frame_equal(read_results(tmp_path / "results.csv"), both)
    pd.testing.assert_frame_equal(run(grid, output=tmp_path, progress=False), both)


@pytest.mark.parametrize("damage", ["cut", "of something else"])
def test_damaged_compressed_results_are_refused_and_left_alone(damage: str, grid: Grid, tmp_path: Path) -> None:
    run(grid, output=tmp_path, only=pearson_alone, progress=False)
    packed = compressed(tmp_path)
    raw = packed.read_bytes()[:-40] if damage == "cut" else b"PK..."
    packed.write_bytes(raw)
    with pytest.raises(ValueError, match=r"results\.csv\.xz is damaged"):
        run(grid, output=tmp_path, progress=False)
    assert packed.read_bytes() == raw
    assert not (tmp_path / "results.csv").exists()


def test_packing_keeps_every_row_and_summarises_them(grid: Grid, pack: ModuleType, tmp_path: Path) -> None:
    results = run(grid, output=tmp_path, progress=False)
    for _ in range(2):  # the second time from what is compressed already
        pack.pack(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["results.csv.xz", "summary.csv"]
        pd.testing.assert_frame_equal(read_results(tmp_path / "results.csv.xz"), results)
    table = pd.read_csv(tmp_path / "summary.csv").query("block == 'unseen_interactions'").set_index("method")
    rows = results.query("block == 'unseen_interactions' and method == 'One-hot LR'")["auprc"]
    assert table.loc["One-hot LR", "auprc"] == pytest.approx(rows.mean(), rel=1e-3)
    assert table.loc["One-hot LR", "auprc_sd"] == pytest.approx(rows.std(ddof=1), rel=1e-3)
    assert table.loc["One-hot LR", "n_splits"] == len(rows) == 10
    expected = summary(results, block="unseen_interactions").set_index("method")["auprc_over_random"]
    assert table["auprc_over_random"].to_dict() == pytest.approx(expected.to_dict(), rel=1e-3)
