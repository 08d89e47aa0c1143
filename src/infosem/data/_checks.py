"""Shared checks of AnnData and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from anndata import AnnData


def require_key(adata: AnnData, attribute: str, key: str, *, hint: str = "") -> None:
    """Raise a :class:`KeyError` that lists the existing keys if ``key`` is not among them.

    ``hint`` names the call that mends it.
    """
    # anndata 0.13 lists X among the layers, under None
    there = [name for name in getattr(adata, attribute).keys() if name is not None]  # noqa: SIM118
    if key not in there:
        raise KeyError(f"{key!r} is not in adata.{attribute}; it has {there or 'no entries'}. {hint}".rstrip())


def require_gene_names(adata: AnnData) -> None:
    """Raise a :class:`ValueError` if gene names are not text."""
    wrong = [name for name in adata.var_names if not isinstance(name, str)]
    if wrong:
        raise ValueError(
            f"{len(wrong)} of {adata.n_vars} gene names are not text, such as {wrong[0]!r}. Call "
            "adata.var_names = adata.var_names.astype(str), or use a column of var with the names."
        )


def require_unique_genes(adata: AnnData) -> None:
    """Raise a :class:`ValueError` if gene names occur more than once."""
    repeated = adata.var_names[adata.var_names.duplicated()].unique()
    if len(repeated):
        raise ValueError(
            f"{len(repeated)} gene names occur more than once ({', '.join(map(str, repeated[:5]))}). Names identify "
            "genes in the network: call adata.var_names_make_unique() first."
        )


def require_columns(table: Any, columns: Iterable[str], name: str, *, hint: str = "Rename columns first.") -> None:
    """Raise an error if the argument ``name`` is not a table with each of these columns exactly once.

    ``hint`` names the call that mends it.
    """
    columns = list(dict.fromkeys(columns))
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"{name} must be a DataFrame with the columns {', '.join(columns)}, not {type(table).__name__}. {hint}"
        )
    missing = sorted(set(columns) - set(table.columns))
    if missing and set(missing) <= set(table.index.names):
        hint = f"They are its index: {name}.reset_index()."
    if missing:
        raise ValueError(f"{name} lacks the columns {missing}; it has {list(table.columns)}. {hint}")
    require_unique_columns(table, name, among=columns)


def require_unique_columns(table: pd.DataFrame, name: str, *, among: Iterable[str] | None = None) -> None:
    """Raise a :class:`ValueError` if columns, of all or of those ``among``, occur more than once."""
    repeated = table.columns[table.columns.duplicated()].unique()
    repeated = [column for column in repeated if among is None or column in among]
    if repeated:
        raise ValueError(
            f"{name} has the columns {repeated} more than once. Keep the first of each: "
            f"{name}.loc[:, ~{name}.columns.duplicated()]."
        )
