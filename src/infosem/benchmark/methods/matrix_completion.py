"""Matrix completion by iterative singular value decomposition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels, Method


@dataclass(frozen=True, kw_only=True)
class MatrixCompletion(Method):
    """Fill unobserved pairs from a low-rank approximation of the labels, again and again, blind to the expression.

    The matrix of zeros and ones starts with zeros at unobserved pairs; each iteration replaces those by the truncated
    singular value decomposition of the whole, its rank doubling from one up to ``rank`` (SVDimpute of Troyanskaya et
    al. 2001, in the form of the package fancyimpute). Genes without labels keep zero.

    Parameters
    ----------
    rank
        Final rank.
    n_iterations
        At most.
    tolerance
        Relative change of the filled values at which it stops.
    """

    title: ClassVar[str] = "MatComp"
    uses_labels: ClassVar[bool] = True
    rank: int = 128
    n_iterations: int = 200
    tolerance: float = 1e-5

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`Method.score`."""
        rows, row = np.unique(labels.source, return_inverse=True)
        columns, column = np.unique(labels.target, return_inverse=True)
        filled = np.zeros((len(rows), len(columns)))
        missing = np.ones_like(filled, dtype=bool)
        filled[row, column] = labels.is_edge
        missing[row, column] = False
        self._complete(filled, missing)
        completed = np.zeros((adata.n_vars, adata.n_vars))
        completed[np.ix_(rows, columns)] = filled
        return completed[regulators]

    def _complete(self, filled: np.ndarray, missing: np.ndarray) -> None:
        for iteration in range(self.n_iterations):
            rank = min(2**iteration, self.rank)
            if rank >= min(filled.shape):
                return  # nothing is truncated any more
            U, s, V = np.linalg.svd(filled, full_matrices=False)
            new = (U[:, :rank] * s[:rank] @ V[:rank])[missing]
            old = filled[missing]
            filled[missing] = new
            norm = np.linalg.norm(old)
            if norm > 0 and np.linalg.norm(new - old) < self.tolerance * norm:
                return
