"""Suppression of log messages while many models are trained."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_open: list[int] = []
"""``least`` of the open contexts of all threads, because log levels belong to the process."""
_before: dict[str, int] = {}
"""Levels of the loggers when the first context was opened."""


@contextmanager
def quiet(least: int = logging.WARNING) -> Iterator[None]:
    """Log only warnings (``least``) of this package and errors of Lightning, or less if the user's levels are higher.

    Contexts of several threads can overlap. The levels are restored when the last of them ends.
    """
    with _lock:
        if not _open:
            _before.update({name: logging.getLogger(name).level for name in ("infosem", "lightning.pytorch")})
        _open.append(least)
        _set_levels()
    try:
        yield
    finally:
        with _lock:
            _open.remove(least)
            _set_levels()


def _set_levels() -> None:
    wanted = {"infosem": _open, "lightning.pytorch": [logging.ERROR] if _open else []}
    for name, levels in wanted.items():
        logging.getLogger(name).setLevel(max([_before[name], *levels]))
