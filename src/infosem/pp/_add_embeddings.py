"""Precomputed vectors of the genes, aligned with the data."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem import _keys
from infosem._matches import require_matches
from infosem._names import gene_identifiers, identifiers, listed, match
from infosem.pp._embedding_files import read_embeddings
from infosem.pp._embedding_tables import names_and_vectors, vectors_of
from infosem.pp._write_embedding import require_embedding_place, write_embedding

logger = logging.getLogger(__name__)


def add_embeddings(
    adata: AnnData,
    embeddings: pd.DataFrame | Mapping[str, Any] | np.ndarray | str | Path,
    *,
    names: Sequence[str] | None = None,
    gene_key: str | None = None,
    ignore_case: bool = False,
    allow_few: bool = False,
    key_added: str = _keys.GENE_EMBEDDING,
) -> None:
    """Write vectors that somebody else has computed to ``varm[key_added]``, a row of NaN where a gene has none.

    Parameters
    ----------
    adata
        Cells x genes.
    embeddings
        By name of the gene: a mapping to vectors (GenePT), a table with a row for each gene, whose names are its index,
        if that is text without repetitions, or else its column of text, or an array together with ``names``. Or a file
        of these, compressed by gzip or not: ``.csv``, ``.tsv``, ``.parquet``, ``.npz`` (an array of names and a matrix,
        or a vector for each name), ``.npy`` (with ``names``), or ``.pickle``/``.pkl``. Files are read as data and can
        run nothing; a pickle of anything but dictionaries, lists, numbers, text and numpy arrays is refused.
    names
        Names of the rows of an array; without them it has a row for each gene of the data, in their order.
    gene_key
        Column of ``var`` with the identifiers that the embeddings use, such as Ensembl ids; by default ``var_names``.
    ignore_case
        Whether names that differ in case only are the same gene: human embeddings on mouse data.
    allow_few
        Whether it is right that less than a tenth of the names that could be genes of the data are.
    key_added
        Key in ``varm`` and, for what was matched, in ``uns``.

    Raises
    ------
    ValueError
        If no name or next to none is a gene of the data, the vectors differ in length, or a file is none of these.
    """
    require_embedding_place(adata, key_added)
    source = Path(embeddings).name if isinstance(embeddings, (str, Path)) else type(embeddings).__name__
    if isinstance(embeddings, (str, Path)):
        embeddings = read_embeddings(Path(embeddings))
    by_position = isinstance(embeddings, np.ndarray) and names is None
    genes = gene_identifiers(adata, None if by_position else gene_key)
    found_names, vectors = _vectors(embeddings, names, genes)
    what = "names of the embeddings"
    require_matches(adata, genes, found_names, what, ignore_case=ignore_case, allow_few=allow_few)
    at = match(genes, found_names, ignore_case=ignore_case)
    there = (at >= 0) & np.isfinite(vectors).all(1)[at]
    if found_names.dropna().has_duplicates:
        logger.warning(
            "%d names of the embeddings occur more than once; the first counts.",
            found_names.dropna().duplicated().sum(),
        )
    if not there.all():
        more = int((match(genes[at < 0], found_names, ignore_case=True) >= 0).sum())
        logger.info(
            "Without an embedding: %s.%s",
            listed(adata.var_names[~there]),
            f" With ignore_case=True {more} more genes would have one." if more and not ignore_case else "",
        )
    provenance = {"source": source, "ignore_case": ignore_case} | ({} if gene_key is None else {"gene_key": gene_key})
    write_embedding(
        adata, vectors[at[there]], there, key_added=key_added, made_by="pp.add_embeddings", provenance=provenance
    )


def _vectors(embeddings: Any, names: Sequence[str] | None, genes: pd.Index) -> tuple[pd.Index, np.ndarray]:
    """Names, and a row for each of them."""
    if names is not None and not isinstance(embeddings, np.ndarray):
        raise ValueError(f"names= goes with an array; {type(embeddings).__name__} has names of its own.")
    if isinstance(embeddings, pd.DataFrame):
        found, vectors = names_and_vectors(embeddings)
        return identifiers(found), vectors
    if isinstance(embeddings, Mapping):
        return identifiers(embeddings), vectors_of(embeddings)
    if isinstance(embeddings, np.ndarray) and embeddings.ndim == 2:
        labels = genes if names is None else identifiers(names)
        if len(labels) != len(embeddings):
            raise ValueError(
                f"The array has {len(embeddings)} rows for {len(labels)} "
                f"{'genes of the data: name its rows with names=' if names is None else 'names'}."
            )
        return labels, embeddings.astype(np.float32)
    raise TypeError(
        "embeddings must be a table, a mapping from names to vectors, a matrix, or a file of one of these, not "
        f"{type(embeddings).__name__}{f' of shape {embeddings.shape}' if isinstance(embeddings, np.ndarray) else ''}."
    )
