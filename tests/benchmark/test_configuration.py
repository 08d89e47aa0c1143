"""Configurations, and the names in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from anndata import AnnData

from infosem.benchmark import Entry, compare, methods, read_config, run

from .runs import TINY, grid_of

CONFIG = (
    TINY
    + """[[methods]]
method = "random"
[[methods]]
method = "one_hot"
name = "weak"
inverse_penalties = [0.01]
variants.chip = { n_folds = 2 }
"""
)


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
