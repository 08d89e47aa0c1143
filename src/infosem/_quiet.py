"""Fewer messages, while many models are trained."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet(least: int = logging.WARNING) -> Iterator[None]:
    """Only warnings (``least``) of this package and errors of Lightning, or less if that is what is set."""
    levels = {"infosem": least, "lightning.pytorch": logging.ERROR}
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(max(level, before[name]))
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
