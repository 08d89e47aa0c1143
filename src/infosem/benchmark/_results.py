"""Results of a run, appended after each job so that an interrupted run can resume."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from infosem.benchmark._file_names import file_name
from infosem.benchmark._grid import Job
from infosem.benchmark._job import FAILED, LACKS_INPUT, OK, JobResult
from infosem.benchmark._results_file import COLUMNS, KEY, as_csv, plain_or_compressed, read_complete, typed
from infosem.files._atomic import check_writable, replacing

_FILE, _SCORES = "results.csv", "scores"


def writable_folder(folder: Path) -> Path:
    """Return the folder, created if needed. Raise if results cannot be written to it."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"output: {folder} is a file; name a folder for {_FILE}.")
    folder.mkdir(parents=True, exist_ok=True)
    check_writable(folder / _FILE, argument="output")
    return folder


def scores_of(folder: Path, job: str, network: str) -> np.ndarray | None:
    """Return the scores that a job wrote beside the results, or ``None`` if they are missing or incomplete."""
    try:
        return np.load(_scores_path(folder, job, network), mmap_mode="r")
    except (FileNotFoundError, ValueError, EOFError):
        return None


def _scores_path(folder: Path, job: str, network: str) -> Path:
    return folder / _SCORES / f"{file_name(job, network)}.npy"


class Results:
    """Results in memory and, given a folder, in ``results.csv`` and ``scores/`` there.

    If there is only ``results.csv.xz``, its rows are read, and ``results.csv`` is written.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._parts: list[pd.DataFrame] = []
        self._is_as_on_disk = False
        if folder is not None and (path := plain_or_compressed(self._path)).exists():
            table, is_whole = read_complete(path)
            self._is_as_on_disk = is_whole and path == self._path
            self._parts = [table]

    @property
    def _path(self) -> Path:
        assert self._folder is not None
        return self._folder / _FILE

    def finished(self, jobs: list[Job], *, retry_failed: bool = False) -> set[str]:
        """Return the keys of jobs with all their rows and scores. Rows of other jobs are dropped."""
        table = self.table()
        expected = {job.key: len(list(job.cells())) for job in jobs}
        kept = table[~table["job"].isin(self.failed())] if retry_failed else table
        counts = kept["job"].value_counts()
        lacking = self._without_scores(jobs)
        done = {key for key, n in expected.items() if counts.get(key, 0) == n and key not in lacking}
        kept = kept[kept["job"].isin(done) | ~kept["job"].isin(expected)]
        # rows of a changed method are replaced by those of the new one with the same name
        todo = pd.DataFrame(
            [cell for job in jobs if job.key not in done for cell in job.cells()], columns=[*KEY, "job"]
        )
        kept = kept[~pd.MultiIndex.from_frame(kept[KEY]).isin(pd.MultiIndex.from_frame(todo[KEY]))]
        self._parts = [kept]
        if self._folder is not None and not (self._is_as_on_disk and len(kept) == len(table)):
            with replacing(self._path) as temporary:
                temporary.write_bytes(as_csv(kept, header=True))
            self._is_as_on_disk = True
        return done

    def _without_scores(self, jobs: list[Job]) -> set[str]:
        """Return the keys of jobs that should keep scores but lack those of a scored network."""
        folder = self._folder
        if folder is None:
            return set()
        table = self.table()
        scored = table[(table["status"] == OK) & (table["split"] == 0)]
        networks = {key: set(rows) for key, rows in scored.groupby("job")["network"]}
        return {
            job.key
            for job in jobs
            if job.keeps_scores
            and any(scores_of(folder, job.key, network) is None for network in networks.get(job.key, ()))
        }

    def add(self, job: Job, result: JobResult) -> None:
        """Write the scores of a job, then append its rows in a single write, which marks the job as done."""
        # as objects: a string column of pandas 3 refuses what is not Unicode, which messages of errors may contain
        part = typed(pd.DataFrame(result.rows, columns=COLUMNS, dtype=object))
        if self._folder is not None:
            for network, scores in result.scores.items():
                path = _scores_path(self._folder, job.key, network)
                path.parent.mkdir(exist_ok=True)
                with replacing(path) as temporary:
                    np.save(temporary, scores)
            with self._path.open("ab") as file:
                file.write(as_csv(part, header=False))
                file.flush()
                os.fsync(file.fileno())
        self._parts.append(part)

    def failed(self) -> set[str]:
        """Return the keys of jobs that failed or lacked an input."""
        table = self.table()
        return set(table.loc[table["status"].isin([FAILED, LACKS_INPUT]), "job"])

    def table(self, of: set[str] | None = None) -> pd.DataFrame:
        """Return all rows, or those of some jobs."""
        parts = [part if of is None else part[part["job"].isin(of)] for part in self._parts]
        parts = [part for part in parts if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else typed(pd.DataFrame(columns=COLUMNS))
