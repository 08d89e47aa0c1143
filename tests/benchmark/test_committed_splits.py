"""The splits of the committed checksums can be made again from the data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from infosem.benchmark import describe_splits, read_config
from infosem.benchmark._grid import Grid

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize("dataset", ["hESC", "mDC"])
def test_the_splits_are_those_of_the_committed_checksums(dataset: str, real_data: Path) -> None:
    grid = read_config(BENCHMARKS / "configs" / "paper.toml", data=real_data)
    chosen = tuple(one for one in grid.datasets if one.name == dataset)
    part = Grid(datasets=chosen, entries=(), n_splits=2, splits=grid.splits)
    made, _ = describe_splits(part)
    committed = pd.read_csv(BENCHMARKS / "results" / "splits.csv")
    committed = committed[(committed["dataset"] == dataset) & (committed["seed"] < 2)].reset_index(drop=True)
    pd.testing.assert_frame_equal(made, committed)
