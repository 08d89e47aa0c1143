"""Gene embeddings, and what stands in for them to see whether the text matters."""

from __future__ import annotations

from typing import Literal

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import MissingInputError

EmbeddingControl = Literal["none", "permuted", "random", "one-hot"]


def gene_embedding(adata: AnnData, key: str, control: EmbeddingControl = "none", *, seed: int = 0) -> np.ndarray:
    """The embedding ``varm[key]``, or a control.

    Parameters
    ----------
    control
        ``"none"`` for the embedding itself; ``"permuted"`` over the genes; ``"random"``, standard normal of the same
        width; or the ``"one-hot"`` vectors of the genes. None of the three says anything about a gene.
    """
    if control == "one-hot":
        return np.eye(adata.n_vars)
    if key not in adata.varm:
        raise MissingInputError(
            f"the embedding varm[{key!r}] is not in the data; they have {list(adata.varm) or 'none'}"
        )
    embedding = np.asarray(adata.varm[key], dtype=float)
    rng = np.random.default_rng(seed)
    if control == "permuted":
        return embedding[rng.permutation(len(embedding))]
    if control == "random":
        return rng.standard_normal(embedding.shape)
    if control == "none":
        return embedding
    raise ValueError(f"control={control!r} is not one of 'none', 'permuted', 'random', 'one-hot'.")
