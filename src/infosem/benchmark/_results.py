"""The table of results: appended job by job, so that an interrupted run goes on where it was."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pandas as pd

from infosem.benchmark._grid import Job
from infosem.benchmark._job import FAILED, LACKS_INPUT, JobResult

COLUMNS = (
    "dataset", "network", "method", "split_kind", "split", "seed", "cells", "balanced", "block", "status",
    "n_pairs", "n_edges", "auprc", "auprc_ratio", "hit1", "n_top1", "early_precision_ratio", "auroc",
    "recall1", "recall5", "recall10", "recall50", "regulator_auprc_ratio", "mean_regulator_ratio", "n_regulators",
    "matched_auprc",
    "auprc_regulator_means", "auprc_target_means", "auprc_rows_normalised",
    "regulator_auprc_ratio_little_text", "regulator_auprc_ratio_some_text", "regulator_auprc_ratio_much_text",
    "seconds", "peak_mb", "peak_gpu_mb", "reason", "job",
)  # fmt: skip
"""Columns of the results: one row per method, data set, network, split, seed and block."""

KEY = ["dataset", "network", "method", "split_kind", "split", "seed", "cells", "balanced", "block"]
"""Columns that identify a row."""


class Results:
    """Results in memory and, given a folder, in ``results.csv`` and ``scores/`` there."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._parts: list[pd.DataFrame] = []
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            if self._path.exists():
                self._parts = [read_results(self._path)]

    @property
    def _path(self) -> Path:
        assert self._folder is not None
        return self._folder / "results.csv"

    def finished(self, jobs: list[Job], *, retry_failed: bool = False) -> set[str]:
        """Keys of the jobs that have all their rows; rows of the others are dropped, as a kill may have cut them."""
        table = self.table()
        expected = {job.key: len(list(job.cells())) for job in jobs}
        if retry_failed:
            table = table[~table["job"].isin(self.failed())]
        counts = table["job"].value_counts()
        done = {key for key, n in expected.items() if counts.get(key, 0) == n}
        kept = table[table["job"].isin(done) | ~table["job"].isin(expected)]
        # a method that runs anew under its old name replaces its rows
        todo = pd.DataFrame(
            [cell for job in jobs if job.key not in done for cell in job.cells()], columns=[*KEY, "job"]
        )
        kept = kept[~pd.MultiIndex.from_frame(kept[KEY]).isin(pd.MultiIndex.from_frame(todo[KEY]))]
        self._parts = [kept]
        if self._folder is not None:
            temporary = self._path.with_suffix(".tmp")
            temporary.write_text(_csv(kept, header=True))
            os.replace(temporary, self._path)
        return done

    def add(self, job: Job, result: JobResult) -> None:
        """Append the rows of a job, in one write, and its scores."""
        part = pd.DataFrame(result.rows).reindex(columns=COLUMNS)
        self._parts.append(part)
        if self._folder is None:
            return
        with self._path.open("a", newline="") as file:
            file.write(_csv(part, header=False))
            file.flush()
            os.fsync(file.fileno())
        for network, scores in result.scores.items():
            folder = self._folder / "scores"
            folder.mkdir(exist_ok=True)
            np.save(folder / f"{job.key}_{network}.npy", scores)

    def failed(self) -> set[str]:
        """Keys of jobs that failed, or were not run for want of data."""
        table = self.table()
        return set(table.loc[table["status"].isin([FAILED, LACKS_INPUT]), "job"])

    def table(self, of: set[str] | None = None) -> pd.DataFrame:
        """All rows, or those of some jobs."""
        parts = [part if of is None else part[part["job"].isin(of)] for part in self._parts]
        parts = [part for part in parts if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def read_results(path: str | Path) -> pd.DataFrame:
    """Read a ``results.csv``; a last line that a kill cut off is left out, later accuracies are missing."""
    text = Path(path).read_text()
    complete = text[: text.rfind("\n") + 1]
    table = pd.read_csv(io.StringIO(complete), dtype={"reason": str, "job": str})
    unknown, missing = sorted(set(table.columns) - set(COLUMNS)), sorted({*KEY, "status", "job"} - set(table.columns))
    if unknown or missing:
        raise ValueError(
            f"{path} has other columns than the results of this version (unknown {unknown}, missing {missing}); give "
            "another output folder."
        )
    return table.reindex(columns=COLUMNS)


def _csv(table: pd.DataFrame, *, header: bool) -> str:
    return str(table.to_csv(index=False, header=header, float_format="%.5g", lineterminator="\n"))
