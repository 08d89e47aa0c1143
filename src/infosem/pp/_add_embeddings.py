"""Precomputed vectors of the genes, aligned with the data."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem import _keys
from infosem._files import by_ending
from infosem._names import gene_identifiers, identifiers, listed, match, require_matches
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
        By name of the gene: a mapping to vectors (GenePT), a table with a row for each gene, whose names are its only
        column of text or else its index, or an array together with ``names``. Or a file of these: ``.csv``, ``.tsv``,
        ``.parquet``, ``.npz`` (an array of names and a matrix, or a vector for each name), ``.npy`` (with ``names``),
        or ``.pickle``/``.pkl`` (open only those that you trust: a pickle can run code).
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
        If no name or next to none is a gene of the data, or the vectors differ in length.
    """
    require_embedding_place(adata, key_added)
    source = Path(embeddings).name if isinstance(embeddings, (str, Path)) else type(embeddings).__name__
    if isinstance(embeddings, (str, Path)):
        embeddings = _read(Path(embeddings))
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
        text = embeddings.select_dtypes(exclude="number").columns
        if len(text) > 1:
            raise ValueError(f"A table of embeddings has one column of text at most, the names; not {list(text)}.")
        table = embeddings.set_index(text[0]) if len(text) else embeddings
        return identifiers(table.index), table.to_numpy(np.float32)
    if isinstance(embeddings, Mapping):
        rows = [np.asarray(vector, dtype=np.float32).ravel() for vector in embeddings.values()]
        widths = sorted({len(row) for row in rows})
        if len(widths) != 1:
            raise ValueError(f"All vectors must have one length; they have {widths[:5] or 'none'}.")
        return identifiers(embeddings), np.stack(rows)
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


def _read(path: Path) -> Any:
    return by_ending(path, _READERS)(path)


def _read_npz(path: Path) -> pd.DataFrame | dict[str, np.ndarray]:
    with np.load(path) as arrays:
        parts = {name: arrays[name] for name in arrays.files}
    labels = [array for array in parts.values() if array.ndim == 1 and array.dtype.kind in "US"]
    matrices = [array for array in parts.values() if array.ndim == 2]
    if len(labels) == len(matrices) == 1 and len(labels[0]) == len(matrices[0]):
        return pd.DataFrame(matrices[0], index=labels[0].astype(str))
    return parts


def _read_pickle(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)


_READERS: Mapping[str, Callable[[Path], Any]] = {
    ".csv": lambda path: pd.read_csv(path, index_col=0),
    ".tsv": lambda path: pd.read_csv(path, sep="\t", index_col=0),
    ".parquet": pd.read_parquet,
    ".npz": _read_npz,
    ".npy": np.load,
    ".pickle": _read_pickle,
    ".pkl": _read_pickle,
}
