"""Base class of the methods built on the structural equation model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from anndata import AnnData
from scipy import sparse

from infosem.benchmark._method import Labels, Method
from infosem.data import _keys
from infosem.model._infosem import InfoSEM
from infosem.model._quiet import quiet
from infosem.model._refit import Recipe, refit
from infosem.module import EffectPrior, Gaussian, LaplacePrior, LearnedLatent

_MASK_ZEROS: dict[str, bool | Literal["auto"]] = {"auto": "auto", "non-zero": True, "all": False}


@dataclass(frozen=True, kw_only=True)
class StructuralMethod(Method):
    """Base class of :class:`infosem.InfoSEM` models. Subclasses may override the preset, which is that of the paper.

    Parameters
    ----------
    standardise
        Whether the likelihood uses ``"non-zero"`` values only or ``"all"`` values. ``"auto"`` decides from the data.
    alpha
        Weight of the prior of the effects where there is no text.
    beta
        Weight of the KL divergence.
    max_epochs
        Number of training epochs. ``None`` is the default of the schedule.
    accelerator
        ``"cpu"``, ``"gpu"`` or ``"auto"``.
    """

    uses_expression: ClassVar[bool] = True
    preset: ClassVar[Literal["default", "paper"]] = "paper"
    standardise: Literal["auto", "non-zero", "all"] = "non-zero"
    alpha: float = 1.0
    beta: float = 0.01
    max_epochs: int | None = 120
    accelerator: str = "auto"

    def _fit(
        self,
        adata: AnnData,
        regulators: np.ndarray,
        *,
        seed: int,
        prior: EffectPrior | None = None,
        embedding: np.ndarray | None = None,
        labels: Labels | None = None,
        learning_rates: dict[str, float] | None = None,
        **options: Any,
    ) -> InfoSEM:
        cells = with_priors(adata, regulators, embedding=embedding, labels=labels)
        if prior is None:
            prior = LaplacePrior(weight=self.alpha) if embedding is None else None
        options |= {
            "preset": self.preset,
            "prior": "auto" if prior is None else prior,
            "likelihood": Gaussian(mask_zeros=_MASK_ZEROS[self.standardise]),
            "latent": LearnedLatent(kl_weight=self.beta),
        }
        train = {"max_epochs": self.max_epochs, "accelerator": self.accelerator, "plan_kwargs": learning_rates}
        with quiet():
            return refit(Recipe(model=options, train=train), cells, seed=seed)


def with_priors(
    adata: AnnData, regulators: np.ndarray, *, embedding: np.ndarray | None = None, labels: Labels | None = None
) -> AnnData:
    """Return expression with regulators, text and labels under the default keys of ``InfoSEM.setup_anndata``."""
    cells = AnnData(adata.X, obs=adata.obs[[]].copy(), var=adata.var[[]].copy())
    cells.var[_keys.IS_REGULATOR] = np.isin(np.arange(cells.n_vars), regulators)
    if embedding is not None:
        cells.varm[_keys.GENE_EMBEDDING] = embedding
    if labels is not None:
        state = np.where(labels.is_edge, 1.0, -1.0)
        shape = (cells.n_vars, cells.n_vars)
        cells.varp[_keys.KNOWN_INTERACTIONS] = sparse.csr_matrix((state, (labels.source, labels.target)), shape)
    return cells


def strength(model: InfoSEM, regulators: np.ndarray) -> np.ndarray:
    """Return the edge strengths, ``(R, G)``, which are the absolute adjacency with the settings of the paper."""
    return model.get_strength().loc[np.array(model.gene_names)[regulators]].to_numpy()
