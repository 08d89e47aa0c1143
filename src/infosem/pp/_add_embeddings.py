"""Precomputed gene embeddings, aligned with the data."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.data import _keys
from infosem.data._matches import require_matches
from infosem.data._names import gene_identifiers, identifiers, listed, match
from infosem.pp._embedding_files import read_embeddings
from infosem.pp._embedding_tables import names_and_vectors
from infosem.pp._vectors import is_array, matrix_of, vectors_of
from infosem.pp._write_embedding import require_embedding_place, write_embedding

logger = logging.getLogger(__name__)


def add_embeddings(
    adata: AnnData,
    embeddings: pd.DataFrame | pd.Series | Mapping[str, Any] | np.ndarray | sparse.spmatrix | str | Path,
    *,
    names: Sequence[str] | None = None,
    gene_key: str | None = None,
    ignore_case: bool = False,
    allow_few: bool = False,
    key_added: str = _keys.GENE_EMBEDDING,
) -> None:
    """Write precomputed gene embeddings to ``varm[key_added]``, with rows of NaN for genes without one.

    Parameters
    ----------
    adata
        Annotated data matrix, cells x genes.
    embeddings
        Embeddings by gene name, as one of

        - a mapping from names to vectors (as in GenePT), or a Series of vectors;
        - a table with one row for each gene. The names are its index, if that is text without duplicates, or else its
          text column;
        - an array together with ``names``. Sparse matrices and torch tensors are accepted;
        - a file of one of these, optionally compressed by gzip: ``.csv``, ``.tsv``, ``.parquet``, ``.npz`` (an array of
          names and a matrix, or one vector for each name), ``.npy`` (with ``names``) or ``.pickle``/``.pkl``. Reading a
          file never runs code: a pickle of anything but dictionaries, lists, numbers, text and numpy arrays is refused.

        Masked or missing values make the row of a gene NaN.
    names
        Names of the rows of an array. Without them, the rows must be the genes of the data, in the same order.
    gene_key
        Column of ``var`` with the identifiers that the embeddings use, such as Ensembl ids. By default ``var_names``.
    ignore_case
        Whether names that differ only in case denote the same gene, as for human embeddings on mouse data.
    allow_few
        Whether to accept that fewer than a tenth of the names that could match genes of the data do.
    key_added
        Key in ``varm`` for the embeddings, and in ``uns`` for a record of their origin.

    Raises
    ------
    ValueError
        If no names or too few match genes of the data, no gene has a finite vector, the vectors differ in length, or
        the format of a file is not supported.
    """
    require_embedding_place(adata, key_added)
    source = Path(embeddings).name if isinstance(embeddings, (str, Path)) else type(embeddings).__name__
    if isinstance(embeddings, (str, Path)):
        embeddings = read_embeddings(Path(embeddings))
    embeddings = matrix_of(embeddings)
    by_position = is_array(embeddings) and names is None
    genes = gene_identifiers(adata, None if by_position else gene_key)
    found_names, vectors = _vectors(embeddings, names, genes)
    require_matches(adata, genes, found_names, "names of the embeddings", ignore_case=ignore_case, allow_few=allow_few)
    at = match(genes, found_names, ignore_case=ignore_case)
    there = _with_vectors(at, vectors)
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


def _with_vectors(at: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return a mask of the genes with a finite vector, given their rows ``at``. Raise if no gene has one."""
    if not vectors.shape[1]:
        raise ValueError("The embeddings have vectors of length 0, without any number.")
    found = at >= 0
    there = found & np.isfinite(vectors).all(1)[at]
    if not there.any():
        of = vectors[at[found]]
        raise ValueError(
            f"None of the {found.sum()} genes in the embeddings has a vector of finite numbers: "
            f"{np.isnan(of).mean():.0%} of the numbers are missing and {np.isinf(of).mean():.0%} infinite. Check how "
            "they were made."
        )
    if 2 * there.sum() < found.sum():
        logger.warning(
            "Only %d of the %d genes in the embeddings have a vector of finite numbers; the others have none.",
            there.sum(),
            found.sum(),
        )
    return there


def _vectors(embeddings: Any, names: Sequence[str] | None, genes: pd.Index) -> tuple[pd.Index, np.ndarray]:
    """Return names and vectors, one row per name."""
    if names is not None and isinstance(embeddings, pd.DataFrame | pd.Series | Mapping):
        raise ValueError(f"names= is only for arrays; a {type(embeddings).__name__} has its own names.")
    if isinstance(embeddings, pd.DataFrame):
        found, vectors = names_and_vectors(embeddings)
        return identifiers(found), vectors
    if isinstance(embeddings, Mapping | pd.Series):
        return identifiers(embeddings.keys()), vectors_of(embeddings)
    if isinstance(embeddings, np.ndarray) and embeddings.ndim == 2:
        labels = genes if names is None else identifiers(names)
        if len(labels) != len(embeddings):
            raise ValueError(
                f"The array has {len(embeddings)} rows for {len(labels)} "
                f"{'genes of the data: name its rows with names=' if names is None else 'names'}."
            )
        return labels, embeddings
    raise TypeError(
        "embeddings must be a table, a mapping from names to vectors, a matrix, or a file of one of these, not "
        f"{type(embeddings).__name__}{f' of shape {embeddings.shape}' if isinstance(embeddings, np.ndarray) else ''}."
    )
