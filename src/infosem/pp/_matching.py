"""Names of genes in the data against names from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem._checks import require_key


def gene_identifiers(adata: AnnData, gene_key: str | None) -> pd.Index:
    """What identifies each gene: ``var_names``, or the column ``gene_key`` of ``var``."""
    if gene_key is None:
        return pd.Index(adata.var_names.astype(str))
    require_key(adata, "var", gene_key)
    return pd.Index(adata.var[gene_key].astype(str))


def match(genes: pd.Index, names: pd.Index, *, ignore_case: bool) -> np.ndarray:
    """Position in ``names`` of each of ``genes``, -1 where it is not there.

    Of names that occur more than once the first counts. With ``ignore_case`` a gene that has no exact match takes a
    name that differs in case only.
    """
    found = _positions(genes, names)
    if ignore_case:
        folded = _positions(genes.str.casefold(), names.str.casefold())
        found = np.where(found < 0, folded, found)
    return found


CHECK_NAMES = (
    "Check species and kind of identifier; gene_key= names a column of adata.var with other identifiers, "
    "ignore_case=True matches Gata1 with GATA1; versions of Ensembl ids (the part after the dot) must go."
)


def listed(names: Sequence[str] | pd.Index) -> str:
    """The first five names."""
    return ", ".join(map(str, names[:5])) + (", ..." if len(names) > 5 else "")


def unmatched(genes: pd.Index, names: pd.Index, what: str) -> str:
    """What an error says if no name is a gene of the data."""
    return (
        f"None of the {len(names):,} {what} (such as {_some(names)}) is among the {len(genes):,} genes (such as "
        f"{_some(genes)}). {CHECK_NAMES}"
    )


def _positions(genes: pd.Index, names: pd.Index) -> np.ndarray:
    if names.empty:
        return np.full(len(genes), -1)
    first = ~names.duplicated()
    at = pd.Index(names[first]).get_indexer(genes)
    return np.where(at < 0, -1, np.flatnonzero(first)[at])


def _some(names: pd.Index) -> str:
    return ", ".join(map(str, names[:3])) or "none"
