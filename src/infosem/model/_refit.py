"""Fit the same set-up on other cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anndata import AnnData

from infosem.model._infosem import InfoSEM


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model is made.

    Attributes
    ----------
    setup, model, train
        Arguments of :meth:`infosem.InfoSEM.setup_anndata`, of :class:`infosem.InfoSEM` but for the seed, and of
        :meth:`infosem.InfoSEM.train`. Nothing is shown of the progress of training unless ``train`` says so.
    """

    setup: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, model: InfoSEM, train: Mapping[str, Any]) -> Recipe:
        """How ``model`` was made, with what its data decided: which entries count."""
        arguments = dict(model.init_params_["non_kwargs"])
        for name in ("adata", "registry", "seed"):
            arguments.pop(name, None)
        arguments["likelihood"] = model.module.likelihood
        return cls(setup=model.registry_["setup_args"], model=arguments, train=train)


def refit(recipe: Recipe, adata: AnnData, *, seed: int) -> InfoSEM:
    """Make and train a model by a recipe.

    Parameters
    ----------
    recipe
        How the model is made.
    adata
        The cells, which are registered.
    seed
        Of the model.

    Raises
    ------
    KeyboardInterrupt
        If training is interrupted: half a model would pass for a whole one.
    """
    InfoSEM.setup_anndata(adata, **recipe.setup)
    model = InfoSEM(adata, seed=seed, **recipe.model)
    model.train(**{"enable_progress_bar": False, "enable_model_summary": False, **recipe.train})
    if model.trainer.interrupted:
        raise KeyboardInterrupt
    return model
