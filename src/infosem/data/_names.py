"""Matching of gene names in the data to names from other sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.data._checks import require_key

_TEXT_OF_MISSING = frozenset({"", "nan", "NaN", "None", "<NA>", "NULL", "null", "N/A"})
ENSEMBL = re.compile(r"(ENS[A-Z]*G)\d{6,}(\.\d+)?")


def identifiers(values: Iterable[Any]) -> pd.Index:
    """Return names as stripped text, NaN for missing names, which match nothing. Bytes are decoded as UTF-8."""
    given = pd.Series(list(values), dtype=object)
    text = (
        given.map(lambda name: name.decode(errors="replace") if isinstance(name, bytes) else str(name))
        .str.strip()
        .where(given.notna(), np.nan)
    )
    return pd.Index(text.where(text != "", np.nan), dtype=object)


def gene_identifiers(adata: AnnData, gene_key: str | None) -> pd.Index:
    """Return the identifier of each gene, ``var_names`` or the column ``gene_key`` of ``var``. NaN if missing."""
    if gene_key is None:
        return identifiers(adata.var_names)
    require_key(adata, "var", gene_key)
    genes = identifiers(adata.var[gene_key])
    # missing values that became text, such as by astype(str), are repeated; the fly gene "nan" occurs once
    lost = genes.isin(_TEXT_OF_MISSING) & genes.duplicated(keep=False)
    return genes.where(~lost, np.nan)


def match(genes: pd.Index, names: pd.Index, *, ignore_case: bool) -> np.ndarray:
    """Return the position of each gene in ``names``, -1 if it is missing or not found.

    If a name occurs more than once, the first counts. With ``ignore_case``, a gene without an exact match takes a name
    that differs only in case.
    """
    found = positions(genes, names)
    if ignore_case:
        found = np.where(found < 0, positions(folded(genes), folded(names)), found)
    return found


def genes_of(names: pd.Index, genes: pd.Index, *, ignore_case: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs of a name and a gene that it denotes, as positions in ``names`` and in ``genes``.

    If two genes share a symbol, it denotes both. Names and genes match as in :func:`match`.
    """
    exact = _pairs(names, genes)
    if not ignore_case:
        return exact
    matched = np.zeros(len(genes), dtype=bool)
    matched[exact[1]] = True
    name, gene = _pairs(folded(names), folded(genes))
    other = ~matched[gene]
    return np.concatenate([exact[0], name[other]]), np.concatenate([exact[1], gene[other]])


def listed(names: Sequence[str] | pd.Index) -> str:
    """Return the first five names as text."""
    return ", ".join(map(str, names[:5])) + (", ..." if len(names) > 5 else "")


def positions(genes: pd.Index, names: pd.Index) -> np.ndarray:
    first = (~names.duplicated() & names.notna()).nonzero()[0]
    if not len(first):
        return np.full(len(genes), -1)
    at = pd.Index(names[first]).get_indexer(genes)
    return np.where(at < 0, -1, first[at])


def _pairs(names: pd.Index, genes: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    tables = [
        pd.DataFrame({"key": np.asarray(index, dtype=object), of: np.arange(len(index))}).dropna(subset="key")
        for index, of in ((names, "name"), (genes, "gene"))
    ]
    both = tables[0].merge(tables[1], on="key")
    return both["name"].to_numpy(dtype=int), both["gene"].to_numpy(dtype=int)


def folded(names: pd.Index) -> pd.Index:
    return pd.Index([name.casefold() if isinstance(name, str) else name for name in names], dtype=object)


def unversioned(names: pd.Index) -> pd.Index:
    return pd.Index(
        [
            name.rpartition(".")[0] if isinstance(name, str) and (m := ENSEMBL.fullmatch(name)) and m[2] else name
            for name in names
        ],
        dtype=object,
    )
