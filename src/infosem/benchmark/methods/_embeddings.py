"""Gene embeddings, and controls that test whether the text matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import MissingInputError
from infosem.pp._combine_embeddings import side_by_side

EmbeddingControl = Literal["none", "permuted", "random", "one-hot"]


def gene_embedding(
    adata: AnnData, key: str | Sequence[str], control: EmbeddingControl = "none", *, seed: int = 0
) -> np.ndarray:
    """Return the embedding ``varm[key]`` or a control.

    Parameters
    ----------
    key
        Key of the embedding, or several keys, which are combined as in :func:`infosem.pp.combine_embeddings`.
    control
        ``"none"`` for the embedding itself, ``"permuted"`` for a permutation over the genes, ``"random"`` for standard
        normal vectors of the same width, or ``"one-hot"``. The three controls carry no information about genes.
    """
    if control == "one-hot":
        return np.eye(adata.n_vars)
    keys = [key] if isinstance(key, str) else list(key)
    for name in keys:
        if name not in adata.varm:
            raise MissingInputError(
                f"the embedding varm[{name!r}] is not in the data; varm has {list(adata.varm) or 'no entries'}"
            )
    embeddings = [np.asarray(adata.varm[name], dtype=float) for name in keys]
    embedding = embeddings[0] if len(embeddings) == 1 else side_by_side(embeddings)
    rng = np.random.default_rng(seed)
    if control == "permuted":
        return embedding[rng.permutation(len(embedding))]
    if control == "random":
        return rng.standard_normal(embedding.shape)
    if control == "none":
        return embedding
    raise ValueError(f"control={control!r} is not one of 'none', 'permuted', 'random', 'one-hot'.")
