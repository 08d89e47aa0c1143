"""Fewer messages, while many models are trained."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_LEAST = {"infosem": logging.WARNING, "lightning.pytorch": logging.ERROR}


@contextmanager
def quiet() -> Iterator[None]:
    """Only warnings of this package and errors of Lightning, or less if that is what is set."""
    before = {name: logging.getLogger(name).level for name in _LEAST}
    for name, least in _LEAST.items():
        logging.getLogger(name).setLevel(max(least, before[name]))
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
