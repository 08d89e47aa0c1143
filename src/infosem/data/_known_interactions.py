"""Known interactions with three states: edge, non-edge, unobserved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

_HOW_TO = (
    "Known interactions are +1 (known edge), -1 (known non-edge) or unobserved: absent from a sparse matrix, NaN in a "
    "dense one. Build them with infosem.pp.known_interactions(adata, edges)."
)


@dataclass(frozen=True)
class KnownInteractions:
    """Observed pairs of genes.

    Attributes
    ----------
    source, target
        Positions of regulator and target among the genes, ``(n,)``.
    is_edge
        Whether the pair is a known edge or else a known non-edge, ``(n,)``.
    """

    source: np.ndarray
    target: np.ndarray
    is_edge: np.ndarray

    def __len__(self) -> int:
        return len(self.source)


def read_known_interactions(matrix: Any, genes: Sequence[str], *, key: str) -> KnownInteractions:
    """Read a sparse or dense three-state matrix, row = regulator, column = target.

    Parameters
    ----------
    matrix
        ``(G, G)`` matrix of +1 and -1. Unobserved pairs are absent from a sparse matrix and NaN in a dense one.
    genes
        Names of the genes, ``(G,)``.
    key
        Key of the matrix in ``varp``, for messages.

    Raises
    ------
    ValueError
        If the shape is not ``(G, G)``, if a pair has both labels, or if there are other values. Zeros are not allowed,
        because they could mean "known non-edge" or "unobserved", which must not be conflated.
    """
    name, n_genes = f"adata.varp[{key!r}]", len(genes)
    if matrix.shape != (n_genes, n_genes):
        raise ValueError(f"{name} has shape {matrix.shape}, expected {(n_genes, n_genes)}: genes x genes. {_HOW_TO}")
    if np.dtype(matrix.dtype).kind not in "biufO":
        raise ValueError(f"{name} has the type {matrix.dtype}, which is not numeric. {_HOW_TO}")
    if sparse.issparse(matrix):
        coo = matrix.tocoo()
        source, target, value = coo.coords[0], coo.coords[1], np.asarray(coo.data, dtype=float)
    else:
        try:
            dense = np.ma.filled(np.ma.asarray(matrix).astype(float), np.nan)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} is not numeric ({error}). {_HOW_TO}") from error
        source, target = np.nonzero(~np.isnan(dense))
        value = dense[source, target]
    wrong = ~np.isin(value, (-1.0, 1.0))
    if wrong.any():
        found = ", ".join(f"{v:g}" for v in np.unique(value[wrong])[:5])
        raise ValueError(f"{name} holds {int(wrong.sum())} values other than +1 and -1 ({found}). {_HOW_TO}")
    # a sparse matrix may hold duplicate entries
    pairs = source.astype(np.int64) * n_genes + target
    _, first, place = np.unique(pairs, return_index=True, return_inverse=True)
    contradicted = value != value[first][place]
    if contradicted.any():
        at = contradicted.argmax()
        raise ValueError(
            f"{name} has both +1 and -1 for {len(np.unique(place[contradicted]))} pairs, such as "
            f"{genes[source[at]]} -> {genes[target[at]]}. {_HOW_TO}"
        )
    once = np.sort(first)
    return KnownInteractions(source[once].astype(np.int64), target[once].astype(np.int64), value[once] > 0)
