"""What was not run, and how long it would take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from infosem.benchmark._grid import Entry, Grid, Job
from infosem.benchmark._job import FAILED, OK
from infosem.benchmark._splits import TRAIN
from infosem.benchmark.report._paper import DATASETS, METHODS, paper_method

PLANNED, BEYOND = "in the configuration", "in the paper only"
_COLUMNS = ["method", "dataset", "network", "split_kind", "n_jobs", "n_splits", "hours", "where"]


def missing_jobs(results: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    """Fits that were not run, with the hours that they would take.

    Beside the jobs of the grid these are the cells of the paper's tables that the grid leaves out although it has the
    method, on the grid's data sets.

    The estimate rests on the method's finished fits: the mean time, and for a method that reads labels the time per
    training pair. It is missing where none is finished.

    Returns
    -------
    One row per method, data set, network (several, joined by " + ", if one fit serves them) and kind of split:
    ``n_jobs``, ``n_splits`` that they are scored on, ``hours``, and ``where`` the fit is asked for.
    """
    jobs = grid.jobs()
    done = set(results["job"])
    missing = [(job, PLANNED) for job in jobs if job.key not in done]
    missing += [(job, BEYOND) for job in _jobs_of_the_paper(grid, jobs)]
    cost = _Cost(results)
    rows = [
        {
            "method": job.entry.title,
            "dataset": job.dataset.name,
            "network": " + ".join(job.networks),
            "split_kind": job.split_kind,
            "splits": job.split_seeds,
            "hours": cost.seconds(job) / 3600,
            "where": where,
        }
        for job, where in missing
    ]
    keys = [column for column in _COLUMNS if column not in ("n_jobs", "n_splits", "hours")]
    groups = pd.DataFrame(rows, columns=[*keys, "splits", "hours"]).groupby(keys, sort=False)
    table = pd.DataFrame({"n_jobs": groups.size(), "hours": groups["hours"].sum(min_count=1)})
    table["n_splits"] = groups["splits"].agg(lambda splits: len(set().union(*splits)))
    return table.reset_index()[_COLUMNS]


def failures(results: pd.DataFrame) -> pd.DataFrame:
    """Fits that failed and blocks that were skipped, with the reason and how many rows it concerns."""
    keys = ["status", "method", "dataset", "network", "split_kind", "reason"]
    bad = results[results["status"] != OK]
    counts = bad.groupby(keys, sort=False, dropna=False).agg(n_jobs=("job", "nunique"), n_rows=("job", "size"))
    return counts.reset_index().sort_values("status", key=lambda status: status != FAILED, kind="stable")


def _jobs_of_the_paper(grid: Grid, jobs: list[Job]) -> list[Job]:
    """Jobs of the paper's methods on splits that none of their entries covers."""
    covered = {
        (paper_method(job.entry.title), job.dataset.name, network, split)
        for job in jobs
        if job.split_kind == "unseen_genes"
        for network in job.networks
        for split in job.split_seeds
    }
    beyond: list[Job] = []
    if not any(dataset.name in DATASETS for dataset in grid.datasets):
        return beyond
    for title in METHODS:
        entry = next((entry for entry in grid.entries if paper_method(entry.title) == title), None)
        if entry is None:
            continue
        for job in _unrestricted(grid, entry).jobs():
            splits = {(title, job.dataset.name, network, s) for network in job.networks for s in job.split_seeds}
            if not splits & covered:
                beyond.append(job)
    return beyond


def _unrestricted(grid: Grid, entry: Entry) -> Grid:
    datasets = tuple(dataset.name for dataset in grid.datasets if dataset.name in DATASETS)
    everywhere = replace(entry, datasets=datasets, networks=None, n_splits=None, splits=None)
    return replace(grid, entries=(everywhere,), splits=("unseen_genes",))


class _Cost:
    """Time of a fit, from those that are finished."""

    def __init__(self, results: pd.DataFrame) -> None:
        training = results[(results["status"] == OK) & (results["block"] == TRAIN)]
        self._pairs = training.groupby(["dataset", "network", "split_kind"])["n_pairs"].mean()
        fits = training.drop_duplicates("job").groupby("method")[["seconds", "n_pairs"]]
        self._mean, self._total = fits.mean(), fits.sum()

    def seconds(self, job: Job) -> float:
        name = job.entry.title
        if name not in self._mean.index:
            return float("nan")
        if not job.method.uses_labels:
            return float(self._mean.loc[name, "seconds"])
        pairs = self._pairs.get((job.dataset.name, job.networks[0], job.split_kind), np.nan)
        if np.isnan(pairs):
            return float(self._mean.loc[name, "seconds"])
        return float(self._total.loc[name, "seconds"] / self._total.loc[name, "n_pairs"] * pairs)
