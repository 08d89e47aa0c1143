"""Writing of gene embeddings to AnnData."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from anndata import AnnData

from infosem.data._places import EMBEDDING, note, require_place

logger = logging.getLogger(__name__)


def require_embedding_place(adata: AnnData, key_added: str) -> None:
    """Raise before any computation if an embedding cannot be written under the key."""
    require_place(adata, "varm", key_added, EMBEDDING)


def write_embedding(
    adata: AnnData,
    vectors: np.ndarray,
    has_vector: np.ndarray,
    *,
    key_added: str,
    made_by: str,
    provenance: Mapping[str, Any],
) -> None:
    """Write ``vectors``, one for each gene in ``has_vector``, to ``varm`` and their provenance to ``uns``."""
    matrix = np.full((adata.n_vars, vectors.shape[1]), np.nan, dtype=np.float32)
    matrix[has_vector] = vectors
    adata.varm[key_added] = matrix
    coverage = len(vectors) / adata.n_vars
    adata.uns[key_added] = note(made_by, EMBEDDING, **provenance, n_genes=len(vectors), coverage=coverage)
    logger.info(
        "%d of %d genes (%.0f %%) have an embedding of width %d: adata.varm[%r].",
        len(vectors),
        adata.n_vars,
        100 * coverage,
        matrix.shape[1],
        key_added,
    )
