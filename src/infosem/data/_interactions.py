"""Known interactions in their three states: edge, non-edge, unobserved."""

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
        Column of the regulator and of the target among the genes, ``(n,)``.
    is_edge
        Whether the pair is a known edge (else a known non-edge), ``(n,)``.
    """

    source: np.ndarray
    target: np.ndarray
    is_edge: np.ndarray

    def __len__(self) -> int:
        return len(self.source)


def read_known_interactions(matrix: Any, genes: Sequence[str], *, key: str) -> KnownInteractions:
    """Read a three-state matrix, sparse or dense, row = regulator, column = target.

    Parameters
    ----------
    matrix
        ``(G, G)``: sparse with +1 and -1, absent = unobserved; or dense with +1 and -1, NaN = unobserved.
    genes
        Names of the genes, ``(G,)``.
    key
        Where it was found, for messages.

    Raises
    ------
    ValueError
        If the shape is not ``(G, G)``, if a pair has both labels, or if there are other values. A zero is one of them:
        it could mean "known non-edge" or "unobserved", which must not be conflated.
    """
    name, n_genes = f"adata.varp[{key!r}]", len(genes)
    if matrix.shape != (n_genes, n_genes):
        raise ValueError(f"{name} has shape {matrix.shape}, expected {(n_genes, n_genes)}: genes x genes. {_HOW_TO}")
    if np.dtype(matrix.dtype).kind not in "biufO":
        raise ValueError(f"{name} is of the type {matrix.dtype}, not numeric. {_HOW_TO}")
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
    # a sparse matrix that was not made by scipy's own functions may hold a pair more than once
    pairs = source.astype(np.int64) * n_genes + target
    _, first, place = np.unique(pairs, return_index=True, return_inverse=True)
    contradicted = value != value[first][place]
    if contradicted.any():
        at = contradicted.argmax()
        raise ValueError(
            f"{name} says of {len(np.unique(place[contradicted]))} pairs both +1 and -1, such as "
            f"{genes[source[at]]} -> {genes[target[at]]}. {_HOW_TO}"
        )
    once = np.sort(first)
    return KnownInteractions(source[once].astype(np.int64), target[once].astype(np.int64), value[once] > 0)
