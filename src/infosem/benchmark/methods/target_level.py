"""Mean expression of the target, as a control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels, Method


@dataclass(frozen=True, kw_only=True)
class TargetLevel(Method):
    """Mean expression of the target, the same for all regulators.

    This is a control for simulated data. If it differs from a random order, expression levels reveal the network, and
    the accuracy of other methods may rest on the same artefact.
    """

    title: ClassVar[str] = "target level"
    uses_expression: ClassVar[bool] = True

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        return np.tile(np.asarray(adata.X.mean(axis=0), dtype=float).ravel(), (len(regulators), 1))
