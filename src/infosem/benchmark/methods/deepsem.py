"""DeepSEM: the model without informative priors, as published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._method import Labels
from infosem.benchmark.methods._structural import StructuralMethod, strength
from infosem.train import EqualEffects


@dataclass(frozen=True, kw_only=True)
class DeepSEM(StructuralMethod):
    """Laplace prior, all genes as regulators, published start and steps of the adjacency (Shu et al. 2021).

    Parameters
    ----------
    initial_effect
        Sum of the effects on every gene at the start.
    lr_adjacency
        Step size of the adjacency.
    """

    title: ClassVar[str] = "DeepSEM"
    initial_effect: float = 1.0
    lr_adjacency: float = 2e-5

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        model = self._fit(
            adata,
            np.arange(adata.n_vars),
            seed=seed,
            start=EqualEffects(total=self.initial_effect),
            # the model's step is in units of 1 / (number of regulators - 1)
            learning_rates={"lr_adjacency": self.lr_adjacency * (adata.n_vars - 1)},
        )
        return strength(model, regulators)
