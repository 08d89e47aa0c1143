"""Training of a model with the same settings on other cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anndata import AnnData

from infosem.model._infosem import InfoSEM


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Arguments that a model is made and trained with.

    Attributes
    ----------
    setup
        Arguments of :meth:`infosem.InfoSEM.setup_anndata`.
    model
        Arguments of :class:`infosem.InfoSEM`, except the seed.
    train
        Arguments of :meth:`infosem.InfoSEM.train`. By default no progress is shown.
    """

    setup: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, model: InfoSEM, train: Mapping[str, Any]) -> Recipe:
        """Return the recipe of ``model``. Which entries count is fixed to what its data decided."""
        arguments = dict(model.init_params_["non_kwargs"])
        for name in ("adata", "registry", "seed"):
            arguments.pop(name, None)
        arguments["likelihood"] = model.module.likelihood
        return cls(setup=model.registry_["setup_args"], model=arguments, train=train)


def refit(recipe: Recipe, adata: AnnData, *, seed: int) -> InfoSEM:
    """Make and train a model with a recipe.

    Parameters
    ----------
    recipe
        Arguments of the model.
    adata
        Cells, which are registered for the model.
    seed
        Seed of the model.

    Raises
    ------
    KeyboardInterrupt
        If training is interrupted, because a partly trained model could be mistaken for a trained one.
    """
    InfoSEM.setup_anndata(adata, **recipe.setup)
    model = InfoSEM(adata, seed=seed, **recipe.model)
    model.train(**{"enable_progress_bar": False, "enable_model_summary": False, **recipe.train})
    if model.trainer.interrupted:
        raise KeyboardInterrupt
    return model
