"""Edge tables to three-state known interactions."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem import _keys
from infosem._checks import require_columns, require_unique_genes
from infosem._files import read_names
from infosem.pp._matching import CHECK_NAMES, gene_identifiers, listed, match

logger = logging.getLogger(__name__)


def known_interactions(
    adata: AnnData,
    edges: pd.DataFrame | str | Path,
    *,
    negatives: pd.DataFrame | Literal["same_source"] | None = None,
    gene_key: str | None = None,
    ignore_case: bool = False,
    key_added: str = _keys.KNOWN_INTERACTIONS,
) -> None:
    """Write known interactions to ``varp[key_added]``: +1 known edge, -1 known non-edge, absent = unobserved.

    Every listed edge is a known edge, whatever its weight: in CollecTRI and decoupler's tables a weight of -1 means
    repression, not the absence of an edge. Known non-edges come from ``negatives`` only.

    Parameters
    ----------
    adata
        Cells x genes.
    edges
        Known edges, columns ``source`` and ``target``; or a file of them, ``.csv`` or ``.tsv``, compressed or not.
    negatives
        Known non-edges, columns ``source`` and ``target``; or ``"same_source"``: all pairs of a listed source and a
        gene of the data that are not listed. The latter is right for an experiment that looked at every gene, such as
        ChIP-seq. In a collection of the literature most pairs that are not listed were never looked at: with it, edge
        probabilities are those of being listed, and unlisted pairs of a listed source get .05. Without non-edges the
        labels say nothing of other pairs.
    gene_key
        Column of ``var`` with the identifiers that the tables use, such as Ensembl ids; by default ``var_names``.
    ignore_case
        Whether names that differ in case only are the same gene: human tables on mouse data.
    key_added
        Key in ``varp``.

    Raises
    ------
    ValueError
        If a column is missing, no pair matches the genes, or a pair is both a known edge and a known non-edge.
    """
    require_unique_genes(adata)
    if isinstance(edges, (str, Path)):
        edges = read_names(edges)
    if isinstance(negatives, str) and negatives != "same_source":
        raise ValueError(f"negatives={negatives!r} must be a table, 'same_source', or None.")
    genes = gene_identifiers(adata, gene_key)
    known = _matched(genes, edges, "edges", ignore_case)
    if negatives is None:
        absent = known[:0]
    elif isinstance(negatives, str):
        sources, row = np.unique(known // len(genes), return_inverse=True)
        unlisted = np.ones((len(sources), len(genes)), dtype=bool)
        unlisted[row, known % len(genes)] = False
        unlisted[np.arange(len(sources)), sources] = False
        at, target = np.nonzero(unlisted)
        absent = sources[at] * len(genes) + target
    else:
        absent = _matched(genes, negatives, "negatives", ignore_case)
        if not len(absent):
            raise ValueError(f"None of the {len(negatives)} pairs of negatives has both its genes in the data.")
    both = np.intersect1d(known, absent, assume_unique=True)
    if len(both):
        named = ", ".join(
            f"{adata.var_names[pair // len(genes)]} -> {adata.var_names[pair % len(genes)]}" for pair in both[:5]
        )
        raise ValueError(f"{len(both)} pairs are both a known edge and a known non-edge ({named}).")
    if not len(known) and not len(absent):
        raise ValueError(
            f"None of the {len(edges)} edges has both its genes in the data, whose genes are "
            f"{', '.join(map(str, genes[:3]))}, ... {CHECK_NAMES}"
        )
    values = np.repeat(np.array([1, -1], dtype=np.int8), [len(known), len(absent)])
    pairs = np.divmod(np.concatenate([known, absent]), len(genes))
    adata.varp[key_added] = sparse.csr_matrix((values, pairs), shape=(len(genes), len(genes)))
    logger.info(
        "%d known edges of %d sources and %d known non-edges: adata.varp[%r].%s",
        len(known),
        len(np.unique(known // len(genes))),
        len(absent),
        key_added,
        "" if len(absent) else " Without non-edges (negatives=) they lift the listed edges and say nothing of others.",
    )


def _matched(genes: pd.Index, table: pd.DataFrame, name: str, ignore_case: bool) -> np.ndarray:
    """The pairs that have both genes in the data, each once, as source times number of genes plus target."""
    require_columns(table, ("source", "target"), name)
    source, target = (
        match(pd.Index(table[end].astype(str)), genes, ignore_case=ignore_case) for end in ("source", "target")
    )
    there = (source >= 0) & (target >= 0)
    absent = pd.unique(pd.concat([table["source"][source < 0], table["target"][target < 0]]))
    logger.info(
        "%s: %d of %d pairs have both genes in the data%s.",
        name,
        there.sum(),
        len(table),
        f"; {len(absent)} names are not there ({listed(absent)})" if len(absent) else "",
    )
    return np.unique(source[there] * len(genes) + target[there])
