"""Combination of gene embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from anndata import AnnData

from infosem.data import _keys
from infosem.data._checks import require_key
from infosem.data._embeddings import dense_numbers
from infosem.pp._write_embedding import require_embedding_place, write_embedding


def combine_embeddings(adata: AnnData, keys: Sequence[str], *, key_added: str = _keys.GENE_EMBEDDING) -> None:
    """Concatenate several gene embeddings with equal weights in ``varm[key_added]``.

    Each embedding is centred over the genes that have it and scaled to a mean squared norm of one. The similarity of
    two genes is then the mean of their similarities in the single embeddings. A gene that lacks an embedding is placed
    at its centre. A gene that lacks all of them has a row of NaN.

    Parameters
    ----------
    adata
        Annotated data matrix, cells x genes.
    keys
        Keys of the embeddings in ``varm``, such as those of :func:`infosem.pp.embed_genes` and
        :func:`infosem.pp.embed_terms`.
    key_added
        Key in ``varm`` for the combined embedding, and in ``uns`` for a record of its parts. Must not be one of
        ``keys``.

    Raises
    ------
    KeyError
        If a key is missing.
    ValueError
        If fewer than two different keys are given, or ``key_added`` is one of them.
    """
    if isinstance(keys, str) or len(set(keys)) < 2 or len(set(keys)) < len(keys):
        raise ValueError(f"keys={keys!r} must be two or more different keys of adata.varm.")
    if key_added in keys:
        raise ValueError(
            f"key_added={key_added!r} is one of the keys: a second call would combine the combined embedding. Write "
            f"that embedding under another key, infosem.pp.embed_genes(adata, ..., key_added='model')."
        )
    require_embedding_place(adata, key_added)
    for key in keys:
        require_key(adata, "varm", key)
    combined = side_by_side([_dense(adata.varm[key], key) for key in keys])
    has_vector = ~np.isnan(combined).any(1)
    provenance = {"source": "combined", "keys": list(keys)}
    write_embedding(
        adata,
        combined[has_vector],
        has_vector,
        key_added=key_added,
        made_by="pp.combine_embeddings",
        provenance=provenance,
    )


def _dense(embedding: Any, key: str) -> np.ndarray:
    array = dense_numbers(embedding, f"adata.varm[{key!r}]").astype(float)
    if array.ndim != 2:
        raise ValueError(f"adata.varm[{key!r}] has shape {array.shape}, expected (genes, width).")
    return array


def side_by_side(embeddings: Sequence[np.ndarray]) -> np.ndarray:
    """Concatenate ``n`` embeddings ``(G, d)``, each centred and scaled to a mean squared norm of ``1 / n``."""
    import torch  # takes seconds to import

    from infosem.statistics._centring import centre_embeddings

    parts = [centre_embeddings(torch.as_tensor(embedding)).numpy() for embedding in embeddings]
    combined = np.concatenate(parts, axis=1) / np.sqrt(len(embeddings))
    combined[np.all([np.isnan(embedding).any(1) for embedding in embeddings], axis=0)] = np.nan
    return combined
