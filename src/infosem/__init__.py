"""Gene regulatory networks from single-cell expression, with priors from text and known interactions."""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infosem import benchmark, datasets, get, module, pl, pp, scores, tl, train
    from infosem.data._settings import register
    from infosem.model._ensemble import Ensemble
    from infosem.model._infosem import InfoSEM
    from infosem.model._train_ensemble import train_ensemble

_HOME = {
    "Ensemble": "model._ensemble",
    "InfoSEM": "model._infosem",
    "register": "data._settings",
    "train_ensemble": "model._train_ensemble",
}
_PACKAGES = ("benchmark", "datasets", "get", "module", "pl", "pp", "scores", "tl", "train")
__all__ = [
    "Ensemble",
    "InfoSEM",
    "benchmark",
    "datasets",
    "get",
    "module",
    "pl",
    "pp",
    "register",
    "scores",
    "tl",
    "train",
    "train_ensemble",
]
__version__ = version("infosem")


class _Fallback(logging.StreamHandler):  # type: ignore[type-arg]
    """Handler that shows messages if logging is not configured, as in most notebooks."""

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.getLogger().handlers:
            super().emit(record)


_logger = logging.getLogger("infosem")
if not _logger.handlers:
    _logger.addHandler(_Fallback())
if _logger.level == logging.NOTSET:
    _logger.setLevel(logging.INFO)


def __getattr__(name: str) -> Any:
    # torch and scvi-tools take seconds to import, and are therefore imported when they are needed
    if name in _HOME:
        return getattr(import_module(f"infosem.{_HOME[name]}"), name)
    if name in _PACKAGES:
        return import_module(f"infosem.{name}")
    raise AttributeError(f"module 'infosem' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
