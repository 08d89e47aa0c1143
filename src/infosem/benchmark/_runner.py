"""Run a grid: in parallel, resumable, with results as they come."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from itertools import takewhile
from math import isfinite
from pathlib import Path

import pandas as pd
from anndata import AnnData
from tqdm.auto import tqdm

from infosem.benchmark._dataset import Dataset
from infosem.benchmark._dispatch import run_jobs
from infosem.benchmark._grid import Entry, Grid, Job
from infosem.benchmark._job import FAILED, LACKS_INPUT, OK
from infosem.benchmark._lock import locked
from infosem.benchmark._method import Method
from infosem.benchmark._results import Results, writable_folder
from infosem.benchmark._results_file import one_line
from infosem.benchmark._typed import as_type
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
        hold are not run again: after an interruption or a kill the same call goes on, also from ``results.csv.xz``. One
        run at a time has a folder.
    n_jobs
        Processes; by default what ``joblib.parallel_config`` says, else one. They end with this one.
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
    One row per method, data set, network, split, seed and block of the grid, as far as it was run. ``status`` is
    ``"ok"``, ``"failed"``, ``"skipped"`` or ``"not run"``, the latter three with a ``reason``; a warning says if none
    is ``"ok"``. For the accuracies see :func:`infosem.benchmark.block_metrics`; the block ``"train"`` has ``auprc``
    alone.

    Raises
    ------
    ValueError
        Before the first fit, if a network or its regulators are not in the data by the name that was given; if
        ``only`` chooses no job, or an argument is out of its range.
    BlockingIOError
        If another run writes to ``output``.
    OSError
        If nothing can be written there.
    """
    n_jobs = as_type(n_jobs, int | None, "n_jobs")
    if n_jobs == 0:
        raise ValueError("n_jobs=0 must be a number of processes; -1 is one for each core.")
    budget_hours = as_type(budget_hours, float | None, "budget_hours")
    if budget_hours is not None and not (isfinite(budget_hours) and budget_hours > 0):
        raise ValueError(f"budget_hours={budget_hours:g} must be a number of hours above zero; without it, no limit.")
    retry_failed = as_type(retry_failed, bool, "retry_failed")
    whole = grid.jobs()
    jobs = [job for job in whole if only is None or only(job)]
    if not jobs:
        raise ValueError(
            f"None of the grid's {len(whole)} jobs is chosen: nothing would be run. Give methods and data sets, and an "
            "only that is true of some."
        )
    folder = None if output is None else writable_folder(Path(output))
    with nullcontext() if folder is None else locked(folder):
        results = Results(folder)
        _run(jobs, results, n_jobs=n_jobs, budget_hours=budget_hours, retry_failed=retry_failed, progress=progress)
    chosen = results.table(of={job.key for job in jobs})
    if len(chosen) and not (chosen["status"] == OK).any():
        logger.warning("Nothing was scored: %s", reasons_of(chosen))
    return results.table(of={job.key for job in whole})


def reasons_of(results: pd.DataFrame) -> str:
    """Why rows have no accuracy, each reason once."""
    return "; ".join(results["reason"].dropna().unique()) or "no reason is given"


def _run(
    jobs: list[Job], results: Results, *, n_jobs: int | None, budget_hours: float | None, retry_failed: bool,
    progress: bool,
) -> None:  # fmt: skip
    done = results.finished(jobs, retry_failed=retry_failed)
    todo = [job for job in jobs if job.key not in done]
    _check_data(todo)
    if done:
        n_failed = len(results.failed() & done)
        failed = f" ({n_failed} failed; retry_failed=True runs them again)" if n_failed else ""
        logger.info("%d of %d jobs are there already%s, %d to run.", len(done), len(jobs), failed, len(todo))
    deadline = float("inf") if budget_hours is None else time.monotonic() + 3600 * budget_hours
    within_budget = takewhile(lambda _: time.monotonic() < deadline, todo)
    n_run = 0
    with tqdm(total=len(todo), desc="benchmark", unit="job", disable=not progress) as bar:
        for job, result in run_jobs(within_budget, n_jobs):
            results.add(job, result)
            n_run += 1
            for status in (FAILED, LACKS_INPUT):
                reasons = [row["reason"] for row in result.rows if row["status"] == status]
                if reasons:
                    reason = one_line(reasons[0])
                    logger.warning("%s on %s %s: %s", job.entry.title, job.dataset.name, status, reason)
            bar.set_postfix_str(f"{job.entry.title} on {job.dataset.name}")
            bar.update()
    if n_run < len(todo):
        logger.warning("The budget of %g hours is spent: %d jobs not run.", budget_hours, len(todo) - n_run)


def _check_data(jobs: Iterable[Job]) -> None:
    """Before the first fit, refuse what is not in the data by its name, and say once what will be skipped."""
    networks = {(job.dataset.name, name): (job.dataset, name) for job in jobs for name in job.networks}
    for dataset, network in networks.values():
        try:
            dataset.load()
        except ImportError as error:
            logger.warning("%s of %s is not run: %s", network, dataset.name, error)
            continue
        dataset.text_lengths()
        try:
            dataset.truth(network)
        except KeyError as error:
            raise ValueError(
                f"The network {network!r} of the data set {dataset.name!r} cannot be scored: {error.args[0]}"
            ) from error
        except ValueError as error:
            logger.warning("%s of %s is skipped: %s", network, dataset.name, error)


def compare(
    adata: AnnData,
    methods: str | Method | Entry | Sequence[str | Method | Entry],
    *,
    truth: str | pd.DataFrame | Sequence[str] | Mapping[str, str | pd.DataFrame],
    regulator_key: str | None = None,
    allow_few: bool = False,
    n_splits: int = 10,
    splits: Sequence[str] = ("unseen_genes",),
    output: Path | str | None = None,
    n_jobs: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Compare methods on one data set, by default on interactions between unseen genes and on unseen interactions.

    Parameters
    ----------
    adata
        Cells x genes, log-normalised expression in ``X``.
    methods
        Names (see :data:`infosem.benchmark.methods.METHODS`), methods with their hyper-parameters, or a network of
        your own as :class:`~infosem.benchmark.methods.Precomputed`; one, or a list of them.
    truth
        The known network: a key of ``adata.varp`` (row = regulator; one for an edge, absent or zero for none), a table
        with columns ``source`` and ``target``; or a list of keys, or a mapping of names to keys and tables.
    regulator_key
        Boolean column of ``adata.var``: the genes that may regulate. By default those with a known target.
    allow_few
        Whether it is right that less than a tenth of what could be in the data of a table of edges is.
    n_splits
        Number of splits.
    splits
        Kinds of split: ``"unseen_genes"``, ``"per_regulator"``; ``"whole_network"`` for methods that read no labels, on
        a network of which every edge is known.
    output, n_jobs, progress
        See :func:`run`.

    Returns
    -------
    See :func:`run`; :func:`infosem.benchmark.summary` makes a table of it.

    Raises
    ------
    ValueError
        If a truth is not in ``adata``; if nothing was scored, with the reasons: a truth without edges, one regulator,
        blocks without edges, methods that all failed.

    Examples
    --------
    >>> from infosem import benchmark
    >>> mine = benchmark.methods.Precomputed(edges=edges)
    >>> results = benchmark.compare(adata, [mine, "pearson", "random"], truth="chip")
    >>> benchmark.summary(results)
    """
    if isinstance(methods, str | type | Method | Entry):
        methods = [methods]
    if isinstance(truth, str):
        networks: dict[str, str | pd.DataFrame] = {truth: truth}
    elif isinstance(truth, pd.DataFrame):
        networks = {"truth": truth}
    elif isinstance(truth, Mapping):
        networks = dict(truth)
    elif not isinstance(truth, Iterable):
        raise TypeError(f"truth={truth!r} must be a key of adata.varp, or a table with columns source, target.")
    elif all(isinstance(key, str) for key in truth):
        networks = {key: key for key in truth}
    else:
        raise TypeError("truth is a list with other things than keys of varp; name its tables: {'chip': table, ...}.")
    dataset = Dataset(name="data", source=adata, networks=networks, regulator_key=regulator_key, allow_few=allow_few)
    kinds = as_type(splits, tuple[str, ...], "splits")
    grid = Grid(datasets=(dataset,), entries=tuple(map(as_entry, methods)), n_splits=n_splits, splits=kinds)
    results = run(grid, output=output, n_jobs=n_jobs, progress=progress)
    if not (results["status"] == OK).any():
        raise ValueError(f"Nothing could be scored: {reasons_of(results)}")
    return results


def as_entry(method: str | Method | Entry) -> Entry:
    """A method by name, or as it is, under its own title."""
    if isinstance(method, Entry):
        return method
    if isinstance(method, Method):
        return Entry(method=method)
    if isinstance(method, type) and issubclass(method, Method):
        raise TypeError(f"{method.__name__} is a class; give an instance: {method.__name__}().")
    if not isinstance(method, str):
        raise TypeError(f"{method!r} is no method: give a name, or an instance of a subclass of benchmark.Method.")
    if method not in METHODS:
        raise ValueError(f"{method!r} is no method; there are {', '.join(METHODS)}.")
    return Entry(method=METHODS[method]())
