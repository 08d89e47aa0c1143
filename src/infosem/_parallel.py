"""Tasks spread by joblib over processes or a cluster, with results as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from joblib import Parallel, delayed, effective_n_jobs

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(
    function: Callable[[Item], Result], items: Iterable[Item], n_jobs: int | None, *, in_order: bool
) -> Iterator[Result]:
    """``function`` of every item, as ``joblib.parallel_config`` says.

    Parameters
    ----------
    function, items
        Items are taken one by one, as workers become free, so that the caller can end a run soon.
    n_jobs
        As in :class:`joblib.Parallel`.
    in_order
        Whether results come in the order of the items, or as they are ready.
    """
    kind = "generator" if in_order else "generator_unordered"
    try:
        parallel = Parallel(n_jobs=n_jobs, return_as=kind, pre_dispatch="n_jobs", batch_size=1)
    except ValueError:  # ray and multiprocessing return lists only
        parallel = Parallel(n_jobs=n_jobs, batch_size=1)
        left = iter(items)
        while batch := list(islice(left, effective_n_jobs(n_jobs))):
            yield from parallel(delayed(function)(item) for item in batch)
    else:
        yield from parallel(delayed(function)(item) for item in items)
