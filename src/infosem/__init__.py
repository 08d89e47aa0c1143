"""Gene regulatory networks from single-cell expression, with priors from gene text and known interactions."""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infosem import benchmark, datasets, get, pl, pp, tl
    from infosem.model._ensemble import Ensemble
    from infosem.model._infosem import InfoSEM
    from infosem.model._train_ensemble import train_ensemble

__all__ = ["Ensemble", "InfoSEM", "benchmark", "datasets", "get", "pl", "pp", "tl", "train_ensemble"]
_HOME = {"InfoSEM": "model._infosem", "Ensemble": "model._ensemble", "train_ensemble": "model._train_ensemble"}
__version__ = version("infosem")


class _Fallback(logging.StreamHandler):  # type: ignore[type-arg]
    """Shows messages where nobody has configured logging, as in most notebooks."""

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.getLogger().handlers:
            super().emit(record)


_logger = logging.getLogger("infosem")
if not _logger.handlers:
    _logger.addHandler(_Fallback())
if _logger.level == logging.NOTSET:
    _logger.setLevel(logging.INFO)


def __getattr__(name: str) -> Any:
    # torch and scvi-tools take seconds to import: only when they are needed
    if name in _HOME:
        return getattr(import_module(f"infosem.{_HOME[name]}"), name)
    if name in __all__:
        return import_module(f"infosem.{name}")
    raise AttributeError(f"module 'infosem' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
