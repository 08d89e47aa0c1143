"""Running of benchmark grids, in parallel and resumable."""

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

    Jobs are run with joblib. Wrap the call in ``joblib.parallel_config("dask")`` or ``("ray")`` to distribute them over
    a cluster. If a method raises an error, it is recorded with the reason and the other jobs continue.

    Parameters
    ----------
    grid
        Grid of methods and data sets.
    output
        Folder for ``results.csv``, which is appended as jobs finish, and ``scores/``. Jobs with results in the folder,
        also in ``results.csv.xz``, are not run again, so that the same call resumes after an interruption. A folder can
        be used by one run at a time.
    n_jobs
        Number of processes. By default the setting of ``joblib.parallel_config``, or else one. Processes end with the
        calling one.
    only
        Selects the jobs to run, such as ``lambda job: job.dataset.name == "hESC"``. By default all.
    budget_hours
        Number of hours after which no further jobs are started.
    retry_failed
        Whether to rerun failed jobs.
    progress
        Whether to show a progress bar.

    Returns
    -------
    DataFrame with one row per method, data set, network, split, seed and block of the jobs that were run. ``status`` is
    ``"ok"``, ``"failed"``, ``"skipped"`` or ``"not run"``, the latter three with a ``reason``. If no row is ``"ok"``, a
    warning is logged. The accuracies are described in :func:`infosem.benchmark.block_metrics`; the block ``"train"``
    has only ``auprc``.

    Raises
    ------
    ValueError
        If a network or the regulators are not in the data under the given name (raised before the first fit), if
        ``only`` selects no jobs, or if an argument is out of range.
    BlockingIOError
        If another run writes to ``output``.
    OSError
        If ``output`` is not writable.
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
            f"None of the grid's {len(whole)} jobs is selected, so that nothing would run. Give methods and data sets, "
            "and an only= that selects some of the jobs."
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
    """Return the distinct reasons why rows have no accuracy."""
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
        logger.info("%d of %d jobs have results%s, %d to run.", len(done), len(jobs), failed, len(todo))
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
    """Raise before the first fit if a network is missing, and warn once about networks that are skipped."""
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
    """Compare methods on a data set, by default on interactions between unseen genes and on unseen interactions.

    Parameters
    ----------
    adata
        Annotated data matrix, cells x genes, with log-normalised expression in ``X``.
    methods
        One or several methods: names in :data:`infosem.benchmark.methods.METHODS`, methods with their hyper-parameters,
        or your own network as :class:`~infosem.benchmark.methods.Precomputed`.
    truth
        Ground truth: a key of ``adata.varp`` (row = regulator; one for an edge, absent or zero otherwise) or a table
        with columns ``source`` and ``target``. For several networks, a list of keys, or a mapping of names to keys and
        tables.
    regulator_key
        Boolean column of ``adata.var`` that marks regulators. By default the genes with a known target.
    allow_few
        Whether to accept tables of edges of which fewer than a tenth of what could match the data does.
    n_splits
        Number of splits.
    splits
        Kinds of split: ``"unseen_genes"``, ``"per_regulator"``, or ``"whole_network"`` for methods without labels on a
        completely known network.
    output, n_jobs, progress
        See :func:`run`.

    Returns
    -------
    The table of :func:`run`. :func:`infosem.benchmark.summary` summarises it.

    Raises
    ------
    ValueError
        If a ground truth is not in ``adata``, or if nothing was scored. The message gives the reasons, such as a truth
        without edges, a single regulator, blocks without edges, or failure of all methods.

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
        raise TypeError("truth is a list of other things than keys of varp; give tables by name: {'chip': table, ...}.")
    dataset = Dataset(name="data", source=adata, networks=networks, regulator_key=regulator_key, allow_few=allow_few)
    kinds = as_type(splits, tuple[str, ...], "splits")
    grid = Grid(datasets=(dataset,), entries=tuple(map(as_entry, methods)), n_splits=n_splits, splits=kinds)
    results = run(grid, output=output, n_jobs=n_jobs, progress=progress)
    if not (results["status"] == OK).any():
        raise ValueError(f"Nothing could be scored: {reasons_of(results)}")
    return results


def as_entry(method: str | Method | Entry) -> Entry:
    """Convert a method or its name to an entry."""
    if isinstance(method, Entry):
        return method
    if isinstance(method, Method):
        return Entry(method=method)
    if isinstance(method, type) and issubclass(method, Method):
        raise TypeError(f"{method.__name__} is a class; give an instance: {method.__name__}().")
    if not isinstance(method, str):
        raise TypeError(f"{method!r} is not a method: give a name, or an instance of a subclass of benchmark.Method.")
    if method not in METHODS:
        raise ValueError(f"{method!r} is not a known method; there are {', '.join(METHODS)}.")
    return Entry(method=METHODS[method]())
