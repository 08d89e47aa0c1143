"""The file of results, which grows row by row, and its summary as a markdown table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

VALUES = ("all_pairs", "within_regulators")
"""The accuracies; see accuracy.py."""

_AFTER_KEY = ("seconds", "error", "versions", "date")


@dataclass
class Rows:
    """Results in a CSV. A row is known by what is run, its key, and holds what came out, its values.

    Attributes
    ----------
    path
        File, which need not exist.
    """

    path: Path
    _rows: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.path.exists():
            rows = pd.read_csv(self.path, dtype={"error": object}).to_dict("records")
            self._rows = [{name: None if pd.isna(value) else value for name, value in row.items()} for row in rows]

    def do(self, key: Mapping[str, Any], measure: Callable[[], Mapping[str, Any]]) -> None:
        """Add the row of a key, unless it is there. An error is recorded, and the run goes on."""
        here = [row for row in self._rows if all(str(row.get(name)) == str(value) for name, value in key.items())]
        if any(not row.get("error") for row in here):
            return
        self._rows = [row for row in self._rows if row not in here]
        start = time.perf_counter()
        try:
            found, error = dict(measure()), None
        except Exception as raised:
            found, error = {}, f"{type(raised).__name__}: {raised}"[:200]
        took = {"seconds": round(time.perf_counter() - start, 2), "error": error}
        versions = " ".join(f"{package} {version(package)}" for package in ("infosem", "torch", "scvi-tools"))
        row = {**key, **{name: _rounded(value) for name, value in found.items()}}
        self._rows.append({**row, **took, "versions": versions, "date": date.today().isoformat()})
        print(", ".join(f"{name} {value}" for name, value in (row | took).items() if value is not None), flush=True)
        table = self.table()
        first = [name for name in table.columns if name not in _AFTER_KEY]
        table[[*first, *_AFTER_KEY]].to_csv(self.path, index=False, lineterminator="\n")

    def table(self) -> pd.DataFrame:
        """All rows, those that failed without values."""
        return pd.DataFrame(self._rows)


def _rounded(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def geometric_means(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Geometric means of the accuracies over the seeds, and the number of seeds; NaN where nothing was run."""
    logs = np.log(table[list(VALUES)].astype(float).clip(lower=0.01)).assign(**{name: table[name] for name in by})
    means = np.exp(logs.groupby(by, sort=False)[list(VALUES)].mean())
    n_seeds = logs.dropna().groupby(by).size().reindex(means.index, fill_value=0)
    return means.assign(seeds=n_seeds.astype(int))


def markdown(table: pd.DataFrame) -> str:
    """A table with its index as markdown; fractions have two digits, and what is missing is "not run"."""
    table = table.reset_index()
    texts = table.map(lambda value: value if isinstance(value, str) else _text(value))
    lines = [list(map(str, table.columns)), ["---"] * table.shape[1], *texts.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _text(value: Any) -> str:
    if value is None or pd.isna(value):
        return "not run"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
