"""Share of edges among the training labels of the regulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels, Method


@dataclass(frozen=True, kw_only=True)
class RegulatorDegree(Method):
    """Share of edges among the training labels of the regulator, or among all labels if it has none."""

    title: ClassVar[str] = "TF degree"
    uses_labels: ClassVar[bool] = True

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        share = edge_share(labels.source, labels.is_edge, adata.n_vars)
        return np.repeat(share[regulators, None], adata.n_vars, axis=1)


def edge_share(gene: np.ndarray, is_edge: np.ndarray, n_genes: int) -> np.ndarray:
    """Return the share of edges among the labels of each gene, ``(G,)``, or among all labels if it has none."""
    total = np.bincount(gene, minlength=n_genes)
    edges = np.bincount(gene, is_edge.astype(float), minlength=n_genes)
    return np.where(total > 0, edges / np.maximum(total, 1), is_edge.mean())
