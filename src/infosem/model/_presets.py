"""Presets, which are the default settings and the settings of the published model."""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import repr as shown
from typing import Literal

from infosem.data._settings import require_registered
from infosem.module import (
    EffectPrior,
    Gaussian,
    LaplacePrior,
    LatentPrior,
    LearnedLatent,
    Likelihood,
    LowRankEdges,
    NormalPrior,
    ScalarNetworks,
    TextPrior,
)
from infosem.scores import AbsoluteAdjacency, KernelEdges, Ranking, SumOfEvidence
from infosem.train import ClosedForm, EqualEffects

EdgeModel = KernelEdges | LowRankEdges
Start = ClosedForm | EqualEffects


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Default values of the arguments of :class:`infosem.InfoSEM`.

    Attributes
    ----------
    text_prior
        Prior of the effects if text embeddings are registered.
    edge_model, likelihood, latent, networks, start, ranking
        See :class:`infosem.InfoSEM`.
    schedule
        See :meth:`infosem.InfoSEM.train`.
    """

    text_prior: TextPrior
    edge_model: EdgeModel
    likelihood: Likelihood
    latent: LatentPrior
    networks: ScalarNetworks
    start: Start
    ranking: Ranking
    schedule: Literal["joint", "alternating"]

    def effect_prior(self, prior: str | EffectPrior, *, with_text: bool, low_rank: bool) -> EffectPrior:
        """Return the prior of the effects for the argument ``prior``.

        Parameters
        ----------
        prior
            See :class:`infosem.InfoSEM`.
        with_text
            Whether text embeddings are registered.
        low_rank
            Whether edge probabilities are a factor of the adjacency.
        """
        named: dict[str, EffectPrior] = {
            "laplace": LaplacePrior(),
            "normal": NormalPrior(),
            "embedding": self.text_prior,
        }
        if prior == "auto":
            prior = "embedding" if with_text else "normal" if low_rank else "laplace"
        if isinstance(prior, str):
            if prior not in named:
                names = ", ".join(map(repr, ("auto", *named)))
                raise ValueError(
                    f"prior={prior!r} is not one of {names}. Known interactions are used if they are registered: "
                    "InfoSEM.setup_anndata(adata, interactions_key=...); None switches them off."
                )
            prior = named[prior]
        if not isinstance(prior, EffectPrior):
            raise TypeError(
                f"prior={shown(prior)} must be a name or an object such as infosem.module.LaplacePrior()"
                f"{', not its class' if isinstance(prior, type) else ''}."
            )
        require_registered(prior)
        if prior.needs_embeddings and not with_text:
            raise ValueError(
                f"prior={prior.name!r} needs embedding data, but none are registered. Call "
                "InfoSEM.setup_anndata(adata, embedding_key=...) first."
            )
        return prior


PRESETS = {
    "default": Preset(
        text_prior=TextPrior(),
        edge_model=KernelEdges(),
        likelihood=Gaussian(),
        latent=LearnedLatent(),
        networks=ScalarNetworks(),
        start=ClosedForm(),
        ranking=SumOfEvidence(),
        schedule="joint",
    ),
    "paper": Preset(
        text_prior=TextPrior(weight=1e3),
        edge_model=LowRankEdges(),
        likelihood=Gaussian(mask_zeros=True),
        latent=LearnedLatent(),
        networks=ScalarNetworks(denoise=False),
        start=EqualEffects(),
        ranking=AbsoluteAdjacency(),
        schedule="alternating",
    ),
}
"""Default settings, and settings of the published InfoSEM-B and InfoSEM-BC (Cui et al. 2025)."""


def preset_of(name: object) -> Preset:
    """Return the preset called ``name``."""
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"preset={name!r} is not one of {', '.join(map(repr, PRESETS))}.")
    return PRESETS[name]
