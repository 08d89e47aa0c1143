"""Results as one tidy frame, together with what was planned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from infosem.benchmark import METHODS as IMPLEMENTED
from infosem.benchmark import Grid, Method, read_results, select_by_training
from infosem.benchmark._job import FAILED, LACKS_INPUT, SKIPPED
from infosem.benchmark._splits import UNSEEN_GENES
from infosem.benchmark._summary import over_splits, per_split

from .markdown import NOT_PLANNED, not_run
from .missing import missing_jobs
from .paper import METHODS, base_method, paper_method, paper_place

METHOD, CONTROL, CONDITION, CANDIDATE = "method", "control", "condition", "candidate"
"""Roles: a method of the tables; one with other embeddings or the prior mean alone; one with fewer cells or balanced
labels; one of several weights, of which training chooses."""

_CANDIDATE = re.compile(r"(?P<title>.+) \((?P<text>[^(),]+), weight [^()]+\)")


@dataclass(frozen=True)
class Study:
    """What a report is made of.

    Attributes
    ----------
    folder
        Of the results, for the saved scores.
    grid
        What was to be run.
    results
        The rows of its jobs.
    n_other_rows
        How many rows belong to no job of the grid.
    """

    folder: Path
    grid: Grid
    results: pd.DataFrame
    n_other_rows: int

    @classmethod
    def read(cls, folder: Path, grid: Grid) -> Study:
        """Read a folder of results."""
        results = read_results(folder / "results.csv")
        known = results[results["job"].isin({job.key for job in grid.jobs()})]
        return cls(folder, grid, known.reset_index(drop=True), len(results) - len(known))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """What every table is a selection of: a row per method, data set, network, kind of split, split and block."""
        frame = per_split(with_tuned(self.results))
        is_condition = (frame["cells"] < 1) | frame["balanced"]
        return frame.assign(role=frame["method"].map(role).mask(is_condition, CONDITION))

    @cached_property
    def main(self) -> pd.DataFrame:
        """The part of the frame on methods and controls."""
        return self.frame[self.frame["role"].isin([METHOD, CONTROL])]

    def of(self, network: str, *metrics: str, block: str = UNSEEN_GENES) -> pd.DataFrame:
        """Means over the splits of one network, of methods and controls."""
        table = over_splits(self.main, metrics=metrics, block=block)
        return table[table["network"] == network]

    @cached_property
    def datasets(self) -> list[str]:
        """Names of the data sets."""
        return [dataset.name for dataset in self.grid.datasets]

    @cached_property
    def methods(self) -> list[str]:
        """Names of the methods of the tables, in the order of the paper, then of the grid; also those not run."""
        present = {paper_method(name) for name in self._names}
        names = [name for name in self._names if role(name) == METHOD]
        return sorted([*names, *(title for title in METHODS if title not in present)], key=paper_place)

    @cached_property
    def controls(self) -> list[str]:
        """Names of the controls."""
        return [name for name in self._names if role(name) == CONTROL]

    @cached_property
    def conditioned(self) -> list[str]:
        """Names of the methods with fewer cells or balanced labels."""
        return [entry.title for entry in self.grid.entries if entry.cells < 1 or entry.balanced]

    @cached_property
    def _names(self) -> list[str]:
        planned = [entry.title for entry in self.grid.entries if entry.cells == 1 and not entry.balanced]
        return list(dict.fromkeys([*planned, *self.main["method"]]))

    @cached_property
    def missing(self) -> pd.DataFrame:
        """Fits that were not run; see :func:`missing_jobs`."""
        return missing_jobs(self.results, self.grid)

    def implementation(self, method: str) -> type[Method] | None:
        """The class of a method, by its entry in the grid or by its title."""
        for entry in self.grid.entries:
            if entry.title == method:
                return type(entry.method)
        name = paper_method(method) or method.partition(" (")[0]
        return next((cls for cls in IMPLEMENTED.values() if cls.title == name), None)

    def absent(self, method: str, dataset: str, network: str, split_kind: str = "unseen_genes") -> str:
        """What to print where a method has no accuracy: that it failed, was not run, or that nobody asked for it."""
        case = "method == @method and dataset == @dataset and split_kind == @split_kind"
        statuses = set(self.results.query(f"{case} and network == @network")["status"])
        if statuses:
            return next((status for status in (FAILED, LACKS_INPUT) if status in statuses), SKIPPED)
        missing = self.missing.query(case)
        hours = missing.loc[[network in names.split(" + ") for names in missing["network"]], "hours"]
        is_planned = any(entry.title == method for entry in self.grid.entries)
        is_the_papers = method in METHODS and not is_planned and split_kind == "unseen_genes"
        return not_run(hours.sum(min_count=1)) if len(hours) or is_the_papers else NOT_PLANNED

    def random_auprc(self, dataset: str, network: str, block: str) -> float:
        """AUPRC expected of a random order of a block, mean over splits."""
        rows = self.frame[(self.frame["dataset"] == dataset) & (self.frame["network"] == network)]
        rows = rows[(rows["split_kind"] == "unseen_genes") & (rows["block"] == block)]
        return float(rows.drop_duplicates("split")["random_auprc"].mean())


def role(method: str) -> str:
    """The role of a method that has all cells and labels, by its name."""
    if _CANDIDATE.fullmatch(method):
        return CANDIDATE
    return CONTROL if paper_method(method) is None and base_method(method) in METHODS else METHOD


def with_tuned(results: pd.DataFrame) -> pd.DataFrame:
    """Add ``"<title> (<text>, tuned)"``, selected from ``"<title> (<text>)"`` and its candidates with other weights."""
    families: dict[str, list[str]] = {}
    for method in results["method"].unique():
        if match := _CANDIDATE.fullmatch(method):
            title, text = match["title"], match["text"]
            families.setdefault(f"{title} ({text}, tuned)", [f"{title} ({text})"]).append(method)
    tuned = [select_by_training(results, methods, name) for name, methods in families.items()]
    return pd.concat([results, *tuned], ignore_index=True)
