"""What was not run, and how long it would take; what failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from infosem.benchmark import Grid, Job
from infosem.benchmark._job import FAILED, OK
from infosem.benchmark._splits import TRAIN

from .markdown import about, markdown_table
from .paper import DATASETS, METHODS, paper_method

PLANNED, BEYOND = "in the configuration", "in the paper only"
_CASE = ["method", "dataset", "network", "split_kind", "where"]


def missing_jobs(results: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    """Fits that were not run, with the hours that they would take.

    Beside the jobs of the grid these are the cells of the paper's tables that the grid leaves out although it has the
    method, on the grid's data sets. The estimate rests on the method's finished fits: the mean time, and for a method
    that reads labels the time per training pair. It is missing where none is finished.

    Returns
    -------
    One row per method, data set, network (several, joined by " + ", if one fit serves them) and kind of split:
    ``n_jobs``, ``n_splits`` that they are scored on, ``hours``, and ``where`` the fit is asked for.
    """
    done = set(results["job"])
    wanted = [(job, PLANNED) for job in grid.jobs() if job.key not in done]
    wanted += [(job, BEYOND) for job in _jobs_of_the_paper(grid)]
    seconds = _estimates(results, [job for job, _ in wanted])
    rows = [
        (
            job.entry.title,
            job.dataset.name,
            " + ".join(job.networks),
            job.split_kind,
            where,
            job.split_seeds,
            second / 3600,
        )
        for (job, where), second in zip(wanted, seconds, strict=True)
    ]
    groups = pd.DataFrame(rows, columns=[*_CASE, "splits", "hours"]).groupby(_CASE, sort=False)
    table = pd.DataFrame(
        {
            "n_jobs": groups.size(),
            "n_splits": groups["splits"].agg(lambda splits: len(set().union(*splits))),
            "hours": groups["hours"].sum(min_count=1),
        }
    ).reset_index()
    return table[[*_CASE[:-1], "n_jobs", "n_splits", "hours", "where"]]


def failures(results: pd.DataFrame) -> pd.DataFrame:
    """Fits that failed and blocks that were skipped, with the reason and how many rows it concerns."""
    keys = ["status", "method", "dataset", "network", "split_kind", "reason"]
    bad = results[results["status"] != OK]
    counts = bad.groupby(keys, sort=False, dropna=False).agg(n_jobs=("job", "nunique"), n_rows=("job", "size"))
    return counts.reset_index().sort_values("status", key=lambda status: status != FAILED, kind="stable")


def missing_text(missing: pd.DataFrame, problems: pd.DataFrame) -> str:
    """How many fits are missing, and a line of them per method and network."""
    if missing.empty:
        pairs = problems[["network", "reason"]].drop_duplicates().itertuples(index=False)
        reasons = "; ".join(f"{network}: {' '.join(str(reason).split())}" for network, reason in pairs)
        but = f", but not every block could be scored. {reasons}" if reasons else ""
        return f"Every fit of the configuration was run{but}."
    n_unknown = int(missing.loc[missing["hours"].isna(), "n_jobs"].sum())
    but = f", without {n_unknown} fits of methods of which none is finished" if n_unknown else ""
    hours = f"about {missing['hours'].sum():.1f} hours by the time of the method's finished fits"
    rows = [
        {
            "method": method,
            "network": network,
            "data sets": "; ".join(map(_missing_cell, cells.to_dict("records"))),
            "fits": cells["n_jobs"].sum(),
            "hours": "no estimate" if cells["hours"].isna().all() else about(cells["hours"].sum()),
        }
        for (method, network), cells in missing.groupby(["method", "network"], sort=False)
    ]
    return f"{missing['n_jobs'].sum()} fits, {hours}{but}.\n\n{markdown_table(pd.DataFrame(rows))}"


def _missing_cell(cell: dict[str, Any]) -> str:
    parts = [f"{cell['n_splits']} split{'s' * (cell['n_splits'] > 1)}"]
    parts += [cell["split_kind"]] * (cell["split_kind"] != "unseen_genes") + [BEYOND] * (cell["where"] == BEYOND)
    return f"{cell['dataset']} ({', '.join(parts)})"


def _jobs_of_the_paper(grid: Grid) -> Iterator[Job]:
    """Jobs of the paper's methods on splits that none of their entries covers."""
    covered = {place for job in grid.jobs() if job.split_kind == "unseen_genes" for place in _places(job)}
    datasets = tuple(dataset.name for dataset in grid.datasets if dataset.name in DATASETS)
    for title in METHODS if datasets else ():
        entry = next((entry for entry in grid.entries if paper_method(entry.title) == title), None)
        if entry is not None:
            everywhere = replace(entry, datasets=datasets, networks=None, n_splits=None, splits=None)
            jobs = replace(grid, entries=(everywhere,), splits=("unseen_genes",)).jobs()
            yield from (job for job in jobs if covered.isdisjoint(_places(job)))


def _places(job: Job) -> set[tuple[str | None, str, str, int]]:
    """Method of the paper, data set, network and split of all that a job is scored on."""
    method = paper_method(job.entry.title)
    return {(method, job.dataset.name, network, split) for network in job.networks for split in job.split_seeds}


def _estimates(results: pd.DataFrame, jobs: list[Job]) -> list[float]:
    """Seconds of fits, from those that are finished."""
    training = results[(results["status"] == OK) & (results["block"] == TRAIN)]
    n_pairs = training.groupby(["dataset", "network", "split_kind"])["n_pairs"].mean()
    fits = training.drop_duplicates("job").groupby("method")[["seconds", "n_pairs"]]
    mean, total = fits.mean()["seconds"], fits.sum()
    estimates = []
    for job in jobs:
        method = job.entry.title
        pairs = n_pairs.get((job.dataset.name, job.networks[0], job.split_kind), np.nan)
        if job.method.uses_labels and method in mean and not np.isnan(pairs):
            estimates.append(total["seconds"][method] / total["n_pairs"][method] * pairs)
        else:
            estimates.append(mean.get(method, np.nan))
    return estimates
