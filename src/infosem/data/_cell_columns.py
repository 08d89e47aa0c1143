"""Checks of the columns of ``obs`` that describe cells."""

from __future__ import annotations

from collections.abc import Sequence
from reprlib import repr as shown
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.data._checks import require_key
from infosem.data._names import listed


def require_name(key: Any, argument: str) -> None:
    """Raise a :class:`TypeError` if an argument is neither a name nor ``None``."""
    if key is not None and not isinstance(key, str):
        raise TypeError(f"{argument}={shown(key)} must be the name of one column of adata.obs: {argument}='column'.")


def require_list(keys: Any, argument: str) -> None:
    """Raise a :class:`TypeError` if an argument is neither a list of names nor ``None``."""
    if keys is None:
        return
    if isinstance(keys, str) or not isinstance(keys, Sequence) or not all(isinstance(key, str) for key in keys):
        raise TypeError(f"{argument}={shown(keys)} must be a list of columns of adata.obs: {argument}=['column'].")


def require_categories(adata: AnnData, key: str, argument: str) -> None:
    """Raise an error if ``obs[key]`` does not name a category for each cell."""
    require_key(adata, "obs", key, hint=_hint(argument))
    missing = adata.obs[key].isna()
    if missing.any():
        raise ValueError(
            f"adata.obs[{key!r}] ({argument}) is missing for {missing.sum()} of {adata.n_obs} cells. Leave these cells "
            f"out, adata = adata[adata.obs[{key!r}].notna()].copy(), or name their category."
        )
    names = pd.Series([str(category) for category in adata.obs[key].unique()])
    if names.duplicated().any():
        raise ValueError(
            f"adata.obs[{key!r}] ({argument}) has different categories that are written alike "
            f"({listed(names[names.duplicated()].tolist())}): make it text first, adata.obs[{key!r}] = "
            f"adata.obs[{key!r}].astype(str)."
        )


def require_few_categories(adata: AnnData, key: str, argument: str) -> None:
    """Raise a :class:`ValueError` if there are more categories than half of the cells."""
    require_key(adata, "obs", key, hint=_hint(argument))
    n_categories = adata.obs[key].nunique()
    if n_categories > adata.n_obs / 2:
        raise ValueError(
            f"{argument}={key!r} has {n_categories} categories for {adata.n_obs} cells, so that nothing is left to "
            "learn from. Is it a number? Pass it in continuous_covariate_keys=."
        )


def require_known(adata: AnnData, key: str, known: Sequence[Any]) -> None:
    """Raise a :class:`ValueError` if ``obs[key]`` has categories that were not among the training cells."""
    names = set(known)
    unknown = [str(category) for category in adata.obs[key].unique() if category not in names]
    if unknown:
        raise ValueError(
            f"adata.obs[{key!r}] has categories that the model was not trained on: {listed(unknown)}. It knows "
            f"{listed([str(category) for category in known])}. Leave these cells out, or train a model with them."
        )


def require_numbers(adata: AnnData, key: str, argument: str, *, hint: str = "") -> np.ndarray:
    """Return the column ``obs[key]``, ``(N,)``, or raise an error if it does not hold finite numbers."""
    require_key(adata, "obs", key, hint=_hint(argument))
    column = adata.obs[key]
    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise ValueError(
            f"adata.obs[{key!r}] ({argument}) is of the type {column.dtype}, not a number. {hint}".rstrip()
        )
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(values).all():
        kept = f"numpy.isfinite(adata.obs[{key!r}])" if np.isinf(values).any() else f"adata.obs[{key!r}].notna()"
        raise ValueError(
            f"adata.obs[{key!r}] ({argument}) is missing or infinite for {(~np.isfinite(values)).sum()} of "
            f"{adata.n_obs} cells. Leave these cells out: adata = adata[{kept}].copy()."
        )
    return values


def _hint(argument: str) -> str:
    return (
        f"Name one of these in {argument}= of InfoSEM.setup_anndata. Cells that are passed to a trained model need the "
        "column that it was set up with."
    )
