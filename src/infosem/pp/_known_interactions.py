"""Edge tables to three-state known interactions."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.data import _keys
from infosem.data._checks import require_unique_genes
from infosem.data._matches import matched_pairs
from infosem.data._names import gene_identifiers
from infosem.data._places import INTERACTIONS, note, require_place
from infosem.files._tables import read_names

logger = logging.getLogger(__name__)


def known_interactions(
    adata: AnnData,
    edges: pd.DataFrame | str | Path,
    *,
    negatives: pd.DataFrame | Literal["same_source"] | None = None,
    gene_key: str | None = None,
    ignore_case: bool = False,
    allow_few: bool = False,
    key_added: str = _keys.KNOWN_INTERACTIONS,
) -> None:
    """Write known interactions to ``varp[key_added]``: +1 known edge, -1 known non-edge, absent = unobserved.

    Every listed edge is a known edge, whatever its weight: in CollecTRI and decoupler's tables a weight of -1 means
    repression, not the absence of an edge. Known non-edges come from ``negatives`` only. An edge of a name that two
    genes of the data share is one of both.

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
    allow_few
        Whether it is right that less than a tenth of what could be in the data is.
    key_added
        Key in ``varp`` and, for what was done, in ``uns``.

    Raises
    ------
    ValueError
        If a column is missing, no pair or next to none matches the genes, or a pair is both a known edge and a known
        non-edge.
    """
    key_added = require_place(adata, "varp", key_added, INTERACTIONS)
    require_unique_genes(adata)
    if isinstance(negatives, str) and negatives != "same_source":
        raise ValueError(f"negatives={negatives!r} must be a table, 'same_source', or None.")
    source = Path(edges).name if isinstance(edges, str | Path) else type(edges).__name__
    if isinstance(edges, (str, Path)):
        edges = read_names(edges)
    genes = gene_identifiers(adata, gene_key)
    options = {"ignore_case": ignore_case, "allow_few": allow_few}
    known = _pairs(adata, genes, edges, "edges", **options)
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
        absent = _pairs(adata, genes, negatives, "negatives", **options)
    both = np.intersect1d(known, absent, assume_unique=True)
    if len(both):
        named = ", ".join(
            f"{adata.var_names[pair // len(genes)]} -> {adata.var_names[pair % len(genes)]}" for pair in both[:5]
        )
        raise ValueError(f"{len(both)} pairs are both a known edge and a known non-edge ({named}).")
    values = np.repeat(np.array([1, -1], dtype=np.int8), [len(known), len(absent)])
    pairs = np.divmod(np.concatenate([known, absent]), len(genes))
    adata.varp[key_added] = sparse.csr_matrix((values, pairs), shape=(len(genes), len(genes)))
    adata.uns[key_added] = note(
        "pp.known_interactions",
        INTERACTIONS,
        source=source,
        negatives=negatives if isinstance(negatives, str) else None if negatives is None else "table",
        gene_key=gene_key,
        ignore_case=ignore_case,
        n_edges=len(known),
        n_non_edges=len(absent),
    )
    logger.info(
        "%d known edges of %d sources and %d known non-edges: adata.varp[%r].%s",
        len(known),
        len(np.unique(known // len(genes))),
        len(absent),
        key_added,
        "" if len(absent) else " Without non-edges (negatives=) they lift the listed edges and say nothing of others.",
    )


def _pairs(adata: AnnData, genes: pd.Index, table: pd.DataFrame, name: str, **options: bool) -> np.ndarray:
    """The pairs that have both genes in the data, each once, as source times number of genes plus target."""
    source, target = matched_pairs(adata, genes, table, name, **options)
    return np.unique(source * len(genes) + target)
