"""Results together with what was planned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from infosem.benchmark._grid import Grid
from infosem.benchmark._job import FAILED, LACKS_INPUT, SKIPPED
from infosem.benchmark._method import Method
from infosem.benchmark._metrics import random_average_precision
from infosem.benchmark._results_file import read_results
from infosem.benchmark.methods import METHODS as IMPLEMENTED
from infosem.benchmark.report._completeness import missing_jobs
from infosem.benchmark.report._markdown import NOT_PLANNED, not_run
from infosem.benchmark.report._paper import DATASETS, METHODS, NETWORKS, base_method, paper_method, paper_place
from infosem.benchmark.report._selection import is_candidate, with_tuned


@dataclass(frozen=True)
class Study:
    """What a report is made of.

    Attributes
    ----------
    folder
        Of the results, for the saved scores.
    results
        The table of results; with a grid, only the rows of its jobs.
    n_other_rows
        How many rows belong to no job of the grid.
    grid
        What was to be run, if it is known.
    """

    folder: Path
    results: pd.DataFrame
    n_other_rows: int
    grid: Grid | None

    @classmethod
    def read(cls, folder: Path, grid: Grid | None) -> Study:
        """Read a folder of results."""
        path = folder / "results.csv"
        if not path.is_file():
            raise FileNotFoundError(f"There is no {path}: name the folder that a benchmark wrote its results to.")
        results = read_results(path)
        if grid is None and results.empty:
            raise ValueError(
                f"{path} has no finished fit, so that there is nothing to report: run the benchmark first."
            )
        known = results if grid is None else results[results["job"].isin({job.key for job in grid.jobs()})]
        return cls(folder, known.reset_index(drop=True), len(results) - len(known), grid)

    @cached_property
    def main(self) -> pd.DataFrame:
        """Rows of methods with all cells and labels; of several candidates only the one that training chose."""
        results = with_tuned(self.results)
        return results[
            (results["cells"] == 1) & ~results["balanced"].astype(bool) & ~results["method"].map(is_candidate)
        ]

    @cached_property
    def with_fewer_cells(self) -> pd.DataFrame:
        """Those of :attr:`main` and those with fewer cells."""
        return pd.concat([self.main, self.results[self.results["cells"] < 1]], ignore_index=True)

    @cached_property
    def datasets(self) -> list[str]:
        """Names of the data sets."""
        return [d.name for d in self.grid.datasets] if self.grid else list(self.results["dataset"].unique())

    @cached_property
    def networks(self) -> list[str]:
        """Names of the networks, the paper's first."""
        named = [network for d in self.grid.datasets for network in d.networks] if self.grid else []
        names = dict.fromkeys(named or self.results["network"])
        return sorted(names, key=lambda name: list(NETWORKS).index(name) if name in NETWORKS else len(NETWORKS))

    @cached_property
    def methods(self) -> list[str]:
        """Names of the methods of the tables, in the order of the paper, then of the grid: without :attr:`controls`."""
        return [method for method in self._all_methods if not _is_control(method)]

    @cached_property
    def controls(self) -> list[str]:
        """Names of the variants of a method with other embeddings, or with the prior mean alone."""
        return [method for method in self._all_methods if _is_control(method)]

    @cached_property
    def _all_methods(self) -> list[str]:
        names = list(self.main["method"].unique())
        if self.grid:
            entries = [e for e in self.grid.entries if e.cells == 1 and not e.balanced and not is_candidate(e.title)]
            names = list(dict.fromkeys([*(entry.title for entry in entries), *names]))
            if self.is_paper:
                present = {paper_method(name) for name in names}
                names += [title for title in METHODS if title not in present]
        return sorted(names, key=paper_place)

    @cached_property
    def conditioned(self) -> list[str]:
        """Names of the methods with fewer cells or balanced labels."""
        rows = self.results[(self.results["cells"] < 1) | self.results["balanced"].astype(bool)]
        planned = [e.title for e in self.grid.entries if e.cells < 1 or e.balanced] if self.grid else []
        return list(dict.fromkeys([*planned, *rows["method"]]))

    @cached_property
    def is_paper(self) -> bool:
        """Whether data sets and networks are the paper's, so that its numbers belong beside."""
        return bool(set(self.datasets) & set(DATASETS)) and bool(set(self.networks) & set(NETWORKS))

    @cached_property
    def n_splits(self) -> int:
        """Number of splits that were planned, or that there are."""
        return self.grid.n_splits if self.grid else int(self.results["split"].nunique())

    @cached_property
    def missing(self) -> pd.DataFrame:
        """Fits that were not run; see :func:`missing_jobs`."""
        return missing_jobs(self.results, self.grid) if self.grid else pd.DataFrame(columns=["method"])

    def implementation(self, method: str) -> type[Method] | None:
        """The class of a method, by its entry in the grid or by its title."""
        if self.grid:
            for entry in self.grid.entries:
                if entry.title == method:
                    return type(entry.method)
        name = paper_method(method) or method.partition(" (")[0]
        classes: list[Any] = list(IMPLEMENTED.values())
        return next((cls for cls in classes if cls.title == name), None)

    def absent(self, method: str, dataset: str, network: str, split_kind: str = "unseen_genes") -> str:
        """What to print where a method has no accuracy: that it failed, was not run, or that nobody asked for it."""
        rows = self._of(self.results, method=method, dataset=dataset, network=network, split_kind=split_kind)
        if len(rows):
            return next((status for status in (FAILED, LACKS_INPUT) if (rows["status"] == status).any()), SKIPPED)
        if self.grid is None:
            return NOT_PLANNED
        rows = self._of(self.missing, method=method, dataset=dataset, split_kind=split_kind)
        rows = rows[rows["network"].map(lambda names: network in names.split(" + ")).astype(bool)]
        if len(rows):
            return not_run(float(rows["hours"].sum(min_count=1)))
        is_planned = any(entry.title == method for entry in self.grid.entries)
        return not_run() if method in METHODS and not is_planned and split_kind == "unseen_genes" else NOT_PLANNED

    def random_auprc(self, dataset: str, network: str, block: str, split_kind: str = "unseen_genes") -> float:
        """AUPRC expected of a random order of a block, mean over splits."""
        rows = self._of(self.results, dataset=dataset, network=network, block=block, split_kind=split_kind)
        rows = rows[rows["n_pairs"].notna()].drop_duplicates("split")
        return float(random_average_precision(rows["n_edges"], rows["n_pairs"]).mean())

    @staticmethod
    def _of(table: pd.DataFrame, **values: str) -> pd.DataFrame:
        return table[np.logical_and.reduce([table[column] == value for column, value in values.items()])]


def _is_control(method: str) -> bool:
    return paper_method(method) is None and base_method(method) in METHODS
