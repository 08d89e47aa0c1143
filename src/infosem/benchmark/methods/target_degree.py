"""Share of edges among the training labels of the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels, Method
from infosem.benchmark.methods.regulator_degree import edge_share


@dataclass(frozen=True, kw_only=True)
class TargetDegree(Method):
    """Share of edges among the training labels of the target, or among all labels if it has none."""

    title: ClassVar[str] = "target degree"
    uses_labels: ClassVar[bool] = True

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        share = edge_share(labels.target, labels.is_edge, adata.n_vars)
        return np.repeat(share[None], len(regulators), axis=0)
