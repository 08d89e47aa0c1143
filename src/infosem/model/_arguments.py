"""Checks of the arguments of the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from infosem.data._settings import Settings

S = TypeVar("S", bound=Settings)


def of_kind(kind: Callable[..., S], value: object, name: str, default: S) -> S:
    """Return ``value``, or the default for ``None``; raise a :class:`TypeError` if it is not of the class ``kind``."""
    if value is None:
        return default
    if not isinstance(value, kind):  # type: ignore[arg-type]
        raise TypeError(
            f"{name}={value!r} must be an object of settings, for instance {name}=infosem."
            f"{type(default).__module__.split('.')[1]}.{type(default).__name__}()."
        )
    return cast("S", value)


def require_none(arguments: dict[str, Any]) -> None:
    """Raise a :class:`TypeError` if there are arguments that the model does not have."""
    for name in arguments:
        raise TypeError(
            f"InfoSEM has no argument {name!r}. Layer, embeddings, interactions and regulators are named in "
            "InfoSEM.setup_anndata(adata, ...), epochs and step sizes in train(), and weights in the objects that are "
            "passed, such as prior=infosem.module.TextPrior(weight=...). The model does not use batches or labels, and "
            "its latent space has one dimension per gene: InfoSEM(adata, prior=..., seed=...)."
        )
