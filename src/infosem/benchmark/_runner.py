"""Run a grid: in parallel, resumable, with results as they come."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from anndata import AnnData
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from infosem.benchmark._grid import Dataset, Entry, Grid, Job
from infosem.benchmark._job import FAILED, JobResult, run_job
from infosem.benchmark._method import Method
from infosem.benchmark._results import Results
from infosem.benchmark.methods import METHODS

logger = logging.getLogger(__name__)


def run(
    grid: Grid,
    *,
    output: Path | str | None = None,
    n_jobs: int | None = None,
    only: Callable[[Job], bool] | None = None,
    budget_hours: float | None = None,
    retry_failed: bool = False,
    progress: bool = True,
) -> pd.DataFrame:
    """Run every method of a grid on every data set, network and split.

    Jobs go through joblib: ``joblib.parallel_config("dask")`` or ``("ray")`` around the call spreads them over a
    cluster. A method that raises is recorded with the reason, and the others go on.

    Parameters
    ----------
    grid
        What to run.
    output
        Folder for ``results.csv``, appended as jobs finish, and ``scores/``. If it has results, the jobs that they
        hold are not run again: after an interruption or a kill the same call goes on.
    n_jobs
        Processes; by default what ``joblib.parallel_config`` says, else one.
    only
        Which of the grid's jobs to run now, such as ``lambda job: job.dataset.name == "hESC"``; by default all.
    budget_hours
        Start no further job after this many hours.
    retry_failed
        Whether to run jobs again that failed before.
    progress
        Whether to show a progress bar.

    Returns
    -------
    One row per method, data set, network, split, seed and block. ``status`` is ``"ok"``, ``"failed"`` or
    ``"skipped"``, the latter two with a ``reason``. For the accuracies see :func:`infosem.benchmark.block_metrics`.
    """
    jobs = [job for job in grid.jobs() if only is None or only(job)]
    results = Results(None if output is None else Path(output))
    done = results.finished(jobs, retry_failed=retry_failed)
    todo = [job for job in jobs if job.key not in done]
    if done:
        logger.info("%d of %d jobs are there already, %d to run.", len(done), len(jobs), len(todo))
    deadline = float("inf") if budget_hours is None else time.monotonic() + 3600 * budget_hours

    def within_budget() -> Iterator[Job]:
        for job in todo:
            if time.monotonic() > deadline:
                return
            yield job

    # as many jobs in hand as run: so that a budget ends the run, and nothing large waits in a queue
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="n_jobs", batch_size=1)
    n_failed = n_run = 0
    with tqdm(total=len(todo), desc="benchmark", unit="job", disable=not progress) as bar:
        for job, result in parallel(delayed(_with_job)(job) for job in within_budget()):
            results.add(job, result)
            n_run += 1
            if any(row["status"] == FAILED for row in result.rows):
                n_failed += 1
                logger.warning("%s on %s failed: %s", job.entry.title, job.dataset.name, result.rows[0]["reason"])
            bar.set_postfix_str(f"{job.entry.title} on {job.dataset.name}")
            bar.update()
    if n_run < len(todo):
        logger.warning(
            "The budget of %g hours is spent: %d of %d jobs not run.", budget_hours, len(todo) - n_run, len(jobs)
        )
    if n_failed:
        logger.warning("%d jobs failed; the column 'reason' of the results says why.", n_failed)
    return results.table()


def compare(
    adata: AnnData,
    methods: Sequence[str | Method | Entry],
    *,
    truth: str | pd.DataFrame | Sequence[str] | Mapping[str, str | pd.DataFrame],
    regulator_key: str | None = None,
    n_splits: int = 10,
    output: Path | str | None = None,
    n_jobs: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Compare methods on one data set, on interactions between unseen genes and on unseen interactions.

    Parameters
    ----------
    adata
        Cells x genes, log-normalised expression in ``X``.
    methods
        Names (see :data:`infosem.benchmark.METHODS`), methods with their hyper-parameters, or a network of your own
        as :class:`~infosem.benchmark.methods.Precomputed`.
    truth
        The known network: a key of ``adata.varp`` (row = regulator; one for an edge, absent or zero for none), a table
        with columns ``source`` and ``target``, or several of them.
    regulator_key
        Boolean column of ``adata.var``: the genes that may regulate. By default those with a known target.
    n_splits
        Number of splits.
    output, n_jobs, progress
        See :func:`run`.

    Returns
    -------
    See :func:`run`; :func:`infosem.benchmark.summary` makes a table of it.

    Examples
    --------
    >>> from infosem import benchmark
    >>> mine = benchmark.methods.Precomputed(edges=edges)
    >>> results = benchmark.compare(adata, [mine, "pearson", "random"], truth="chip")
    >>> benchmark.summary(results)
    """
    if isinstance(truth, str):
        networks: dict[str, str | pd.DataFrame] = {truth: truth}
    elif isinstance(truth, pd.DataFrame):
        networks = {"truth": truth}
    elif isinstance(truth, Mapping):
        networks = dict(truth)
    else:
        networks = {key: key for key in truth}
    dataset = Dataset(name="data", source=adata, networks=networks, regulator_key=regulator_key)
    grid = Grid(datasets=(dataset,), entries=tuple(map(as_entry, methods)), n_splits=n_splits)
    return run(grid, output=output, n_jobs=n_jobs, progress=progress)


def as_entry(method: str | Method | Entry) -> Entry:
    """A method by name, or as it is, under its own title."""
    if isinstance(method, Entry):
        return method
    if isinstance(method, Method):
        return Entry(method=method)
    if method not in METHODS:
        raise ValueError(f"{method!r} is no method; there are {', '.join(METHODS)}.")
    return Entry(method=METHODS[method]())


def _with_job(job: Job) -> tuple[Job, JobResult]:
    return job, run_job(job)
