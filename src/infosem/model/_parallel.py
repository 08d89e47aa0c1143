"""Tasks spread by joblib over processes or a cluster, with results as they come."""

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
    """``function`` of every item, as ``joblib.parallel_config`` says.

    Processes on this machine end with the calling one, also if that is killed.

    Parameters
    ----------
    function, items
        Items are taken one by one, as workers become free, so that the caller can end a run soon.
    n_jobs
        As in :class:`joblib.Parallel`.
    in_order
        Whether results come in the order of the items, or as they are ready.
    """
    backend = get_active_backend()[0]
    is_local = isinstance(backend, LokyBackend | MultiprocessingBackend)
    if is_local and "initializer" not in getattr(backend, "backend_kwargs", {}):  # of the user
        options = {"initializer": end_with_parent, "initargs": (os.getpid(),)}
    else:
        options = {}
    kind = "generator" if in_order else "generator_unordered"
    try:
        parallel = Parallel(n_jobs=n_jobs, return_as=kind, pre_dispatch="n_jobs", batch_size=1, **options)
    except ValueError:  # ray and multiprocessing return lists only
        parallel = Parallel(n_jobs=n_jobs, batch_size=1, **options)
        left = iter(items)
        while batch := list(islice(left, effective_n_jobs(n_jobs))):
            yield from parallel(delayed(function)(item) for item in batch)
    else:
        yield from parallel(delayed(function)(item) for item in items)


def end_with_parent(parent: int) -> None:
    """Have this process end when its parent does: to be called in a worker as it starts.

    Nobody else ends it: a kill of the parent reaches no child, whose fit would go on for hours. In a process that is no
    child of ``parent`` this does nothing, unless that has died already.
    """
    if os.getppid() == parent:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    elif not psutil.pid_exists(parent):
        os._exit(1)


def _end_with(parent: int) -> None:
    # a child whose parent has died gets another one; on Windows it keeps the number
    while os.getppid() == parent and psutil.pid_exists(parent):
        time.sleep(_EVERY_SECONDS)
    os._exit(1)
