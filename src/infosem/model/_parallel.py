"""Parallel evaluation by joblib, on this machine or on a cluster."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import psutil
from joblib import Parallel, delayed, effective_n_jobs
from joblib._parallel_backends import LokyBackend, MultiprocessingBackend
from joblib.parallel import get_active_backend

Item = TypeVar("Item")
Result = TypeVar("Result")

_EVERY_SECONDS = 1.0


def in_parallel(
    function: Callable[[Item], Result], items: Iterable[Item], n_jobs: int | None, *, in_order: bool
) -> Iterator[Result]:
    """Evaluate ``function`` for each item, with the backend of ``joblib.parallel_config``.

    Worker processes on this machine end when the calling process ends, even if it is killed.

    Parameters
    ----------
    function
        Function to evaluate.
    items
        Items, which are taken one by one as workers become free, so that the caller can stop early.
    n_jobs
        Number of jobs, as in :class:`joblib.Parallel`.
    in_order
        Whether results are yielded in the order of the items, or as soon as they are ready.
    """
    backend = get_active_backend()[0]
    is_local = isinstance(backend, LokyBackend | MultiprocessingBackend)
    if is_local and "initializer" not in getattr(backend, "backend_kwargs", {}):  # the user may have set one
        options = {"initializer": end_with_parent, "initargs": (os.getpid(),)}
    else:
        options = {}
    kind = "generator" if in_order else "generator_unordered"
    try:
        parallel = Parallel(n_jobs=n_jobs, return_as=kind, pre_dispatch="n_jobs", batch_size=1, **options)
    except ValueError:  # ray and multiprocessing can only return lists
        parallel = Parallel(n_jobs=n_jobs, batch_size=1, **options)
        left = iter(items)
        while batch := list(islice(left, effective_n_jobs(n_jobs))):
            yield from parallel(delayed(function)(item) for item in batch)
    else:
        yield from parallel(delayed(function)(item) for item in items)


def end_with_parent(parent: int) -> None:
    """Make a worker process end when its parent ends. Call it when the worker starts.

    Killing a process does not end its children, whose fits would continue for hours. In a process that is not a child
    of ``parent`` this does nothing, unless ``parent`` has already died.
    """
    if os.getppid() == parent:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    elif not psutil.pid_exists(parent):
        os._exit(1)


def _end_with(parent: int) -> None:
    # a child whose parent has died is given another parent; on Windows it keeps the old process id
    while os.getppid() == parent and psutil.pid_exists(parent):
        time.sleep(_EVERY_SECONDS)
    os._exit(1)
