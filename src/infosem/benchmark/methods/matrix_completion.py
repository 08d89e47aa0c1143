"""Matrix completion by iterative singular value decomposition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels, Method
from infosem.benchmark._metrics import expected_average_precision


@dataclass(frozen=True, kw_only=True)
class MatrixCompletion(Method):
    """Iterative low-rank completion of the label matrix, without expression.

    The matrix of zeros and ones starts with zeros at unobserved pairs. Each iteration replaces their values by the
    truncated singular value decomposition of the whole matrix, with a rank that doubles from one up to ``rank``
    (SVDimpute of Troyanskaya et al. 2001, as in the package fancyimpute). Genes without labels keep zeros.

    The number of iterations matters more than the rank. It is chosen for the best AUPRC of left-out training labels,
    and the completion is then repeated with all labels.

    Parameters
    ----------
    rank
        Final rank.
    n_iterations
        Maximum number of iterations.
    left_out
        Share of training labels that are left out to choose the number of iterations.
    patience
        Number of iterations without a better AUPRC after which the search ends.
    """

    title: ClassVar[str] = "MatComp"
    uses_labels: ClassVar[bool] = True
    rank: int = 128
    n_iterations: int = 200
    left_out: float = 0.2
    patience: int = 8

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        rows, row = np.unique(labels.source, return_inverse=True)
        columns, column = np.unique(labels.target, return_inverse=True)
        labels = Labels(row, column, labels.is_edge)
        n_iterations = self._best_number(labels, np.random.default_rng(seed))
        for _, filled in zip(range(n_iterations), self._completions(labels, labels), strict=False):
            completed = filled
        scores = np.zeros((adata.n_vars, adata.n_vars))
        scores[np.ix_(rows, columns)] = completed
        return scores[regulators]

    def _best_number(self, labels: Labels, rng: np.random.Generator) -> int:
        """Return the number of iterations with the best AUPRC of left-out labels, at least one."""
        is_left_out = rng.random(len(labels)) < self.left_out
        kept, left_out = (
            Labels(labels.source[chosen], labels.target[chosen], labels.is_edge[chosen])
            for chosen in (~is_left_out, is_left_out)
        )
        if not left_out.is_edge.any():
            return 1
        best, best_auprc = 1, -np.inf
        for n, filled in enumerate(self._completions(kept, labels), start=1):
            auprc = expected_average_precision(left_out.is_edge, filled[left_out.source, left_out.target])
            if auprc > best_auprc:
                best, best_auprc = n, auprc
            elif n >= best + self.patience:
                break
        return best

    def _completions(self, observed: Labels, labels: Labels) -> Iterator[np.ndarray]:
        """Yield the matrix after each iteration, in the size of ``labels``."""
        filled = np.zeros((labels.source.max() + 1, labels.target.max() + 1))
        missing = np.ones_like(filled, dtype=bool)
        filled[observed.source, observed.target] = observed.is_edge
        missing[observed.source, observed.target] = False
        for iteration in range(self.n_iterations):
            rank = min(2**iteration, self.rank, min(filled.shape))
            U, s, V = np.linalg.svd(filled, full_matrices=False)
            filled[missing] = (U[:, :rank] * s[:rank] @ V[:rank])[missing]
            yield filled
            if rank == min(filled.shape):
                return  # full rank, so that nothing changes any more
