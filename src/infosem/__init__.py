"""Gene regulatory networks from single-cell expression, with priors from gene text and known interactions."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infosem import datasets, pl, pp
    from infosem._model import InfoSEM

__all__ = ["InfoSEM", "datasets", "pl", "pp"]
__version__ = version("infosem")


def __getattr__(name: str) -> Any:
    # torch and scvi-tools take seconds to import: only when they are needed
    if name == "InfoSEM":
        return import_module("infosem._model").InfoSEM
    if name in __all__:
        return import_module(f"infosem.{name}")
    raise AttributeError(f"module 'infosem' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
