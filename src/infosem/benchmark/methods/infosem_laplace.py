"""InfoSEM without informative priors, with the published schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels
from infosem.benchmark.methods._structural import StructuralMethod, strength


@dataclass(frozen=True, kw_only=True)
class InfoSEMLaplace(StructuralMethod):
    """InfoSEM with a Laplace prior, as a control for the text prior.

    Initialisation, step sizes and regulators are those of the methods with a text prior.
    """

    title: ClassVar[str] = "InfoSEM without priors"

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        return strength(self._fit(adata, regulators, seed=seed), regulators)
