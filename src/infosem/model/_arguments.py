"""Checks of the arguments of the model."""

from __future__ import annotations

from reprlib import repr as shown
from types import UnionType
from typing import Any, TypeVar, cast

from infosem.data._settings import Settings, require_registered

S = TypeVar("S", bound=Settings)


def of_kind(kind: type | UnionType, value: object, name: str, default: S) -> S:
    """Return ``value``, or the default for ``None``; raise a :class:`TypeError` if it is not of the class ``kind``."""
    if value is None:
        return default
    if not isinstance(value, kind):
        room = type(default).__module__.split(".")[1]
        raise TypeError(
            f"{name}={shown(value)} must be an object of settings, for instance {name}=infosem.{room}."
            f"{type(default).__name__}(){', not its class' if isinstance(value, type) else ''}."
        )
    require_registered(value)
    return cast("S", value)


def require_none(arguments: dict[str, Any]) -> None:
    """Raise a :class:`TypeError` if there are arguments that the model does not have."""
    for name in arguments:
        raise TypeError(
            f"InfoSEM has no argument {name!r}; it has preset, prior, edge_model, likelihood, latent, networks, start, "
            "ranking and seed. Weights and sizes are arguments of the objects that are passed, for instance "
            "prior=infosem.module.TextPrior(weight=...). Layer, batches, covariates, groups, embeddings, interactions "
            "and regulators are named in InfoSEM.setup_anndata(adata, ...), epochs and step sizes in train(). The "
            "latent space has one dimension per gene."
        )
