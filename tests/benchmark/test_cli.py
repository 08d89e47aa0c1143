"""The command ``infosem benchmark``."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from infosem import datasets
from infosem.cli._main import main

from .runs import TINY

CONFIG = (
    TINY
    + """[[methods]]
method = "random"
[[methods]]
method = "pearson"
[[methods]]
method = "one_hot"
"""
)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    adata = datasets.simulate(60, 40, 10, seed=0)
    adata.varp["chip"] = np.zeros((40, 40))
    adata.varp["chip"][:10] = np.random.default_rng(0).random((10, 40)) < 0.3
    adata.write_h5ad(tmp_path / "tiny.h5ad")
    path = tmp_path / "small.toml"
    path.write_text(CONFIG)
    monkeypatch.setenv("INFOSEM_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    return path


def test_run_then_more(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "--config", str(config), "--method", "Random", "--quiet"]) == 0
    results = config.parent / "small_results" / "results.csv"
    assert set(pd.read_csv(results)["method"]) == {"Random"}
    assert main(["benchmark", "--config", str(config), "--first-splits", "1", "--quiet"]) == 0
    assert set(pd.read_csv(results)["method"]) == {"Random", "|Pearson|", "One-hot LR"}
    assert "unseen_genes" in capsys.readouterr().out


def test_splits_are_written_with_their_checksums(config: Path) -> None:
    import hashlib

    assert main(["benchmark", "splits", "--config", str(config), "--output", "splits.csv", "--tables", "tables"]) == 0
    table = pd.read_csv("splits.csv")
    assert len(table) == 2
    for seed, checksum in zip(table["seed"], table["sha256"], strict=True):
        written = Path(f"tables/tiny_chip_unseen_genes_{seed}.csv").read_bytes()
        assert hashlib.sha256(written).hexdigest() == checksum


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["benchmark"], "--config file.toml"),
        (["benchmark", "--config", "none.toml"], "no file none.toml"),
        (["benchmark", "--config", "small.toml", "--method", "GENIE3"], "it has Random"),
        (["benchmark", "--config", "small.toml", "--budget-hours", "nan"], "budget_hours=nan"),
        (["benchmark", "--config", "small.toml", "--budget-hours", "-1"], "budget_hours=-1"),
        (["benchmark", "--config", "small.toml", "--jobs", "0"], "n_jobs=0"),
        (["benchmark", "--config", "small.toml", "--first-splits", "0"], "--first-splits 0"),
        (["benchmark", "--config", "small.toml", "--output", "small.toml"], "small.toml is a file"),
        (["benchmark", "splits", "--config", "small.toml", "--output", "nowhere/splits.csv"], "nowhere"),
        (["benchmark", "splits", "--config", "small.toml", "--output", "empty"], "is a folder"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str], message: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1


SAID = {
    'networks = ["chip"]': {
        'networks = ["chpi"]': "'chpi' is not in adata.varp; it has ",
        'networks = ["chip", "chpi"]': "'chpi' is not in adata.varp; it has ",
        'networks = "chip"': "networks = ['chip']",
        'networks = ["one"]': "two of each are needed",
        'networks = ["empty"]': "has no edge",
    },
    'regulator_key = "is_regulator"': {
        'regulator_key = "is_regulatr"': "'is_regulatr' is not in adata.var",
        'regulator_key = "is_regulator"\ndescriptions = "lengths.tsv"': "['summary']",
        'regulator_key = "is_regulator"\ndescriptions = "nowhere.tsv"': "no file",
    },
    '[[methods]]\nmethod = "random"\n[[methods]]\nmethod = "pearson"\n[[methods]]\nmethod = "one_hot"\n': {
        '[[methods]]\nmethod = "infosem_b"\nembedding_key = "X"': "varm['X'] is not in the data",
        '[[methods]]\nmethod = "one_hot"\nn_folds = 1': "ValueError",
        '[[methods]]\nmethod = "random"\n[[methods]]\nmethod = "one_hot"\nn_folds = 1': "2 fits failed",
        '[[methods]]\nmethod = "random"\nbalanced = "false"': "without quotes",
    },
}


@pytest.mark.parametrize(
    ("old", "new", "message"), [(old, new, said) for old, news in SAID.items() for new, said in news.items()]
)
def test_no_success_without_a_score_and_the_reason(
    old: str, new: str, message: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adata = anndata.read_h5ad("tiny.h5ad")
    adata.varp["empty"] = np.zeros((40, 40))
    adata.varp["one"] = np.eye(40, k=12) * (np.arange(40) == 0)[:, None]
    adata.write_h5ad("tiny.h5ad")
    pd.DataFrame({"symbol": ["NA"], "length": [3]}).to_csv("lengths.tsv", sep="\t")
    assert CONFIG.count(old) == 1
    config.write_text(CONFIG.replace(old, new))
    assert main(["benchmark", "--config", str(config), "--quiet"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("infosem: error: ")
    assert message in last


def test_a_part_that_was_scored_is_a_success_beside_one_that_failed(config: Path) -> None:
    config.write_text(CONFIG + "n_folds = 1\n")
    run = ["benchmark", "--config", str(config), "--quiet"]
    assert main(run) == 1
    assert main([*run, "--method", "Random"]) == 0
    assert main([*run, "--method", "One-hot LR"]) == 1


def test_files_of_splits_appear_whole_or_not_at_all(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    splits = ["benchmark", "splits", "--config", str(config), "--output", "splits.csv", "--tables", "tables"]
    assert main(splits) == 0
    before = {path: path.read_bytes() for path in Path("tables").iterdir()}
    assert {path.suffix for path in before} == {".csv"}

    def half(self: pd.DataFrame, path: Path, **_: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", half)
    assert main(splits) == 1
    assert {path: path.read_bytes() for path in Path("tables").iterdir()} == before
