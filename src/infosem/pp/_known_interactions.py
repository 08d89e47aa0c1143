"""Edge tables to three-state known interactions."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem import _keys
from infosem._checks import require_unique_genes

logger = logging.getLogger(__name__)


def known_interactions(
    adata: AnnData,
    edges: pd.DataFrame,
    *,
    negatives: pd.DataFrame | None = None,
    key_added: str = _keys.KNOWN_INTERACTIONS,
) -> None:
    """Write known interactions to ``varp[key_added]``: +1 known edge, -1 known non-edge, absent = unobserved.

    Every listed edge is a known edge, whatever its weight: in CollecTRI and decoupler's tables a weight of -1 means
    repression, not the absence of an edge. Known non-edges come from ``negatives`` only.

    Parameters
    ----------
    adata
        Cells x genes; gene names are matched exactly.
    edges
        Known edges, columns ``source`` and ``target``.
    negatives
        Known non-edges, columns ``source`` and ``target``.
    key_added
        Key in ``varp``.

    Raises
    ------
    ValueError
        If a column is missing, no pair matches the genes, or a pair is both a known edge and a known non-edge.
    """
    require_unique_genes(adata)
    found = [_matched(adata, edges, "edges")]
    if negatives is not None:
        found.append(_matched(adata, negatives, "negatives"))
        both = sorted(found[0] & found[1])
        if both:
            named = ", ".join(f"{adata.var_names[i]} -> {adata.var_names[j]}" for i, j in both[:5])
            raise ValueError(f"{len(both)} pairs are both a known edge and a known non-edge ({named}).")
    if not any(found):
        raise ValueError(
            f"None of the {len(edges)} edges has both its genes in adata.var_names (such as "
            f"{', '.join(map(str, adata.var_names[:3]))}). Check species, case and kind of identifier."
        )
    pairs = np.array([pair for part in found for pair in sorted(part)])
    values = np.repeat([1, -1][: len(found)], [len(part) for part in found]).astype(np.int8)
    adata.varp[key_added] = sparse.csr_matrix((values, (pairs[:, 0], pairs[:, 1])), shape=(adata.n_vars, adata.n_vars))


def _matched(adata: AnnData, table: pd.DataFrame, name: str) -> set[tuple[int, int]]:
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"{name} must be a DataFrame with the columns source and target, not {type(table).__name__}.")
    missing = {"source", "target"} - set(table.columns)
    if missing:
        raise ValueError(
            f"{name} lacks the columns {sorted(missing)}; it has {list(table.columns)}. Rename them with "
            "DataFrame.rename(columns=...)."
        )
    source, target = adata.var_names.get_indexer(table["source"]), adata.var_names.get_indexer(table["target"])
    there = (source >= 0) & (target >= 0)
    logger.info("%s: %d of %d pairs have both genes in the data.", name, there.sum(), len(table))
    return set(zip(source[there].tolist(), target[there].tolist(), strict=True))
