"""DeepSEM: the published model without informative priors."""

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
    """Model with a Laplace prior, all genes as regulators, and the published initialisation (Shu et al. 2021).

    The step size of the adjacency is also the published one.

    Parameters
    ----------
    initial_effect
        Initial sum of the effects on each gene.
    lr_adjacency
        Learning rate of the adjacency.
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
