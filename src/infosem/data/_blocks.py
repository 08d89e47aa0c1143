"""Expression in blocks of cells, from memory or from a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

_BLOCK_ENTRIES = 2**23


def is_in_memory(x: Any) -> bool:
    """Return whether the expression is an array or a sparse matrix in memory, instead of a data set in a file."""
    return isinstance(x, np.ndarray) or sparse.issparse(x)


def cells_of(x: Any, cells: slice) -> Any:
    """Return a range of cells as an array or a sparse matrix, from memory or from a file."""
    block = x[cells]
    return block.compute() if hasattr(block, "compute") else block  # dask arrays are lazy


def blocks_of_cells(x: Any) -> Iterator[np.ndarray]:
    """Iterate over blocks of cells, in order, as dense float64 arrays."""
    if sparse.issparse(x) and x.format != "csr":
        x = x.tocsr()
    size = max(1, _BLOCK_ENTRIES // x.shape[1])
    for start in range(0, x.shape[0], size):
        block = cells_of(x, slice(start, start + size))
        yield np.asarray(block.toarray() if sparse.issparse(block) else block, dtype=np.float64)


def gene_means(x: Any) -> np.ndarray:
    """Return the mean of each gene, ``(G,)``."""
    if is_in_memory(x):
        return np.asarray(x.sum(axis=0, dtype=np.float64)).ravel() / x.shape[0]
    return np.sum([block.sum(0) for block in blocks_of_cells(x)], axis=0) / x.shape[0]
