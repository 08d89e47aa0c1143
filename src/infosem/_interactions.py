"""Known interactions in their three states: edge, non-edge, unobserved."""

from __future__ import annotations

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


def read_known_interactions(matrix: Any, *, n_genes: int, key: str) -> KnownInteractions:
    """Read a three-state matrix, sparse or dense, row = regulator, column = target.

    Parameters
    ----------
    matrix
        ``(G, G)``: sparse with +1 and -1, absent = unobserved; or dense with +1 and -1, NaN = unobserved.
    n_genes
        Expected :math:`G`.
    key
        Where it was found, for messages.

    Raises
    ------
    ValueError
        If the shape is not ``(G, G)``, or if there are other values. A zero is one of them: it could mean "known
        non-edge" or "unobserved", which must not be conflated.
    """
    name = f"adata.varp[{key!r}]"
    if matrix.shape != (n_genes, n_genes):
        raise ValueError(f"{name} has shape {matrix.shape}, expected {(n_genes, n_genes)}: genes x genes. {_HOW_TO}")
    if sparse.issparse(matrix):
        coo = matrix.tocoo()
        source, target, value = coo.coords[0], coo.coords[1], np.asarray(coo.data, dtype=float)
    else:
        dense = np.asarray(matrix, dtype=float)
        source, target = np.nonzero(~np.isnan(dense))
        value = dense[source, target]
    wrong = ~np.isin(value, (-1.0, 1.0))
    if wrong.any():
        found = ", ".join(f"{v:g}" for v in np.unique(value[wrong])[:5])
        raise ValueError(f"{name} holds {int(wrong.sum())} values other than +1 and -1 ({found}). {_HOW_TO}")
    return KnownInteractions(source.astype(np.int64), target.astype(np.int64), value > 0)
