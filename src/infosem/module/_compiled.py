"""Numba functions that are compiled once and cached on disk for other processes, if a cache folder is writable."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any

from numba import njit
from numba.core.errors import NumbaError

logger = logging.getLogger(__name__)


def compiled(**options: Any) -> Callable[[Callable[..., None]], Compiled]:
    """Decorate a function that writes to its arguments, like ``numba.njit(cache=True, **options)``.

    If the cache cannot be read or written, the function is compiled without it, and a warning is logged.
    """
    return lambda function: Compiled(function, options)


class Compiled:
    """Function that is compiled when it is first called.

    Parameters
    ----------
    function
        Python function to compile.
    options
        Options of ``numba.njit``.
    """

    def __init__(self, function: Callable[..., None], options: dict[str, Any]) -> None:
        self._function, self._options = function, options
        self._is_cached = True

    def __call__(self, *arguments: Any) -> None:
        """Call the compiled function."""
        try:
            self._dispatcher(*arguments)
        except NumbaError:
            raise
        except Exception as error:  # a pickled cache can fail in any way, and the function itself raises nothing
            if not self._is_cached:
                raise
            self._dispatcher = self._without_cache(error, self._dispatcher.stats.cache_path)
            self._dispatcher(*arguments)

    @cached_property
    def _dispatcher(self) -> Any:
        try:
            return njit(cache=True, **self._options)(self._function)
        except RuntimeError as error:  # numba found no writable folder for its cache
            return self._without_cache(error, None)

    def _without_cache(self, error: Exception, folder: str | None) -> Any:
        self._is_cached = False
        module = self._function.__module__.rpartition(".")[2]
        logger.warning(
            "%s: %s is compiled anew in each process, which takes seconds (%s: %s). %s",
            "numba has no place to keep what it compiled" if folder is None else "numba's cache cannot be used",
            f"{module}.{self._function.__name__}",
            type(error).__name__,
            error,
            "Name one that can be written to: NUMBA_CACHE_DIR=/path."
            if folder is None
            else f"Delete {folder}/{module}.{self._function.__name__}-*, or name another place: NUMBA_CACHE_DIR=/path.",
        )
        return njit(**self._options)(self._function)
