"""Random order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels, Method


@dataclass(frozen=True, kw_only=True)
class RandomOrder(Method):
    """Equal scores for all pairs. Ties count by their expectation, which is the exact mean over all random orders."""

    title: ClassVar[str] = "Random"

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        return np.zeros((len(regulators), adata.n_vars))
