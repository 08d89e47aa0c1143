"""Known interactions from edge tables."""

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

    Every listed edge is a known edge, whatever its weight. In CollecTRI and the tables of decoupler, a weight of -1
    means repression, not the absence of an edge. Known non-edges come from ``negatives`` only. If two genes of the data
    share a name, an edge of this name applies to both.

    Parameters
    ----------
    adata
        Annotated data matrix, cells x genes.
    edges
        Known edges, with columns ``source`` and ``target``, or a ``.csv`` or ``.tsv`` file of them, optionally
        compressed.
    negatives
        Known non-edges, with columns ``source`` and ``target``, or ``"same_source"`` for all unlisted pairs of a listed
        source and a gene of the data. ``"same_source"`` is appropriate for experiments that measure all genes, such as
        ChIP-seq. In a database curated from the literature, most unlisted pairs were never tested. With
        ``"same_source"``, edge probabilities are then probabilities of being listed, and unlisted pairs of a listed
        source get .05. Labels generalise to other pairs only if there are known non-edges.
    gene_key
        Column of ``var`` with the identifiers that the tables use, such as Ensembl ids. By default ``var_names``.
    ignore_case
        Whether names that differ only in case denote the same gene, as for human tables on mouse data.
    allow_few
        Whether to accept tables of which fewer than a tenth of the names or pairs that could match the data do.
    key_added
        Key in ``varp`` for the interactions, and in ``uns`` for a record of their origin.

    Raises
    ------
    ValueError
        If a column is missing, no pairs or too few match the genes, or a pair is both a known edge and a known
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
        "" if len(absent) else " Without non-edges (negatives=) they raise the listed edges and affect no other pairs.",
    )


def _pairs(adata: AnnData, genes: pd.Index, table: pd.DataFrame, name: str, **options: bool) -> np.ndarray:
    """Return the unique pairs with both genes in the data, encoded as source times number of genes plus target."""
    source, target = matched_pairs(adata, genes, table, name, **options)
    return np.unique(source * len(genes) + target)
