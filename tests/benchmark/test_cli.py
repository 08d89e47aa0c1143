"""The command ``infosem benchmark``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from infosem import datasets
from infosem._cli import main

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
method = "pearson"
[[methods]]
method = "one_hot"
"""


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
    return path


def test_run_then_more_then_report(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "--config", str(config), "--method", "Random", "--quiet"]) == 0
    results = config.parent / "small_results" / "results.csv"
    assert set(pd.read_csv(results)["method"]) == {"Random"}
    assert main(["benchmark", "--config", str(config), "--first-splits", "1", "--quiet"]) == 0
    assert set(pd.read_csv(results)["method"]) == {"Random", "|Pearson|", "One-hot LR"}
    assert "unseen_genes" in capsys.readouterr().out
    report = ["benchmark", "report", "--config", str(config), "--results", str(results.parent), "--output", "report"]
    assert main(report) == 0
    text = (config.parent / "report" / "report.md").read_text()
    assert "|Pearson|" in text.replace("\\", "")
    assert "not run" in text.lower()


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
        (["benchmark", "report", "--results", "nowhere", "--output", "x"], "nowhere"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str], message: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
