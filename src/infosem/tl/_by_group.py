"""One network for each group of cells."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scvi import REGISTRY_KEYS
from tqdm.auto import tqdm

from infosem.data import _keys
from infosem.data._arguments import seed_number, whole_number
from infosem.data._checks import require_key
from infosem.data._manager import state_of
from infosem.data._names import listed
from infosem.data._places import check_key, file_key, require_network_place
from infosem.model._ensemble import Ensemble
from infosem.model._infosem import InfoSEM
from infosem.model._presets import preset_of
from infosem.model._refit import Recipe, refit
from infosem.model._train_ensemble import train_ensemble

logger = logging.getLogger(__name__)


def by_group(
    adata: AnnData,
    groupby: str,
    *,
    groups: Sequence[str] | None = None,
    min_cells: int = 50,
    n_models: int = 1,
    seed: int = 0,
    model_kwargs: Mapping[str, Any] | None = None,
    train_kwargs: Mapping[str, Any] | None = None,
    key_added: str = _keys.NETWORK,
    progress: bool = True,
) -> dict[str, InfoSEM | Ensemble]:
    """Train a network for each group of cells (cell types, conditions), all with the same priors and settings.

    Which entries count, all or the non-zero ones, is decided by all cells of ``adata``, the same for every group.
    Interrupting it (Ctrl-C) keeps the groups that are finished.

    Parameters
    ----------
    adata
        AnnData registered with :meth:`infosem.InfoSEM.setup_anndata`: its regulators, embeddings and known interactions
        are those of every group.
    groupby
        Column of ``obs``.
    groups
        Groups to train; by default all that have ``min_cells``.
    min_cells
        Smaller groups are left out, and an error if they are named in ``groups``.
    n_models
        Models of each group; with more than one, :func:`infosem.train_ensemble`.
    seed
        Seed of every group's model, so that networks of two groups start alike.
    model_kwargs, train_kwargs
        Arguments of :class:`infosem.InfoSEM` and of :meth:`infosem.InfoSEM.train`.
    key_added
        Each network is written to ``adata`` as soon as it is trained, under the key ``f"{key_added}:{group}"``, which
        ``infosem.get.network(adata, "infosem:CD4 T")`` reads. In the key itself a slash of a group's name is ``%2F``,
        since h5ad allows none; ``uns`` keeps the name as it is.
    progress
        Whether to show a progress bar over the groups.

    Returns
    -------
    The model, or ensemble, of each group.
    """
    min_cells = whole_number(min_cells, "min_cells", least=0)
    n_models, seed = whole_number(n_models, "n_models", least=1), seed_number(seed)
    require_key(adata, "obs", groupby)
    manager = InfoSEM._get_most_recent_anndata_manager(adata, required=True)
    manager.require_unchanged()
    labels = _labels(adata, groupby)
    sizes = labels.value_counts().sort_index()
    chosen = list(sizes.index[sizes >= min_cells]) if groups is None else _named(groups, groupby)
    wrong = [group for group in chosen if sizes.get(group, 0) < max(min_cells, 2)]
    if wrong or not chosen:
        there = [f"{group} ({size})" for group, size in sizes.sort_values(ascending=False).items()]
        raise ValueError(
            f"{wrong or 'No groups'} of adata.obs[{groupby!r}] have min_cells={min_cells} cells; it has "
            f"{listed(there) or 'no groups'}."
        )
    check_key(key_added)
    for group in chosen:
        require_network_place(adata, file_key(key_added, group), _keys.PARTS)
    left_out = sizes.index.difference(chosen, sort=False)
    if groups is None and len(left_out):
        logger.warning("Groups of fewer than min_cells=%d cells are left out: %s.", min_cells, ", ".join(left_out))
    model_kwargs = dict(model_kwargs or {})
    likelihood = model_kwargs.get("likelihood") or preset_of(model_kwargs.get("preset", "default")).likelihood
    # by all cells: those of a small group do not tell, and networks are compared
    model_kwargs["likelihood"] = likelihood.resolve(state_of(manager.registry, REGISTRY_KEYS.X_KEY)["summary"])
    recipe = Recipe(setup=manager.registry["setup_args"], model=model_kwargs, train=train_kwargs or {})
    trained: dict[str, InfoSEM | Ensemble] = {}
    try:
        for group in tqdm(chosen, desc=groupby, disable=not progress):
            cells = _cells(adata, (labels == group).to_numpy())
            logger.info("%s: %d cells.", group, cells.n_obs)
            result: InfoSEM | Ensemble
            if n_models > 1:
                InfoSEM.setup_anndata(cells, **recipe.setup)
                result = train_ensemble(
                    cells, n_models, seed=seed, model_kwargs=recipe.model, train_kwargs=recipe.train, progress=False
                )
            else:
                result = refit(recipe, cells, seed=seed)
            key = file_key(key_added, group)
            result.write_network(adata, key_added=key)
            adata.uns[key] |= {"name": f"{key_added}:{group}", "group": group}
            trained[group] = result
    except KeyboardInterrupt:
        if not trained:
            raise
        logger.warning("Interrupted after %d of %d groups, which are kept.", len(trained), len(chosen))
    return trained


def _labels(adata: AnnData, groupby: str) -> pd.Series:
    """Group of every cell as text, missing where it has none."""
    column = adata.obs[groupby]
    labels = column.astype(object).map(str).where(column.notna(), None)
    kinds = column.dropna().unique()
    if len({str(kind) for kind in kinds}) < len(kinds):
        twice = pd.Series([str(kind) for kind in kinds])
        raise ValueError(
            f"adata.obs[{groupby!r}] has different groups that are written alike "
            f"({listed(twice[twice.duplicated()].tolist())}): make it text first, "
            f"adata.obs[{groupby!r}] = adata.obs[{groupby!r}].astype(str)."
        )
    return labels


def _named(groups: Sequence[str], groupby: str) -> list[str]:
    if isinstance(groups, str):
        raise TypeError(f"groups={groups!r} must be a list of groups of adata.obs[{groupby!r}]: [{groups!r}].")
    return list(dict.fromkeys(map(str, groups)))


def _cells(adata: AnnData, chosen: np.ndarray) -> AnnData:
    """Some of the cells in memory, without the registration of all of them."""
    cells = adata[chosen]
    cells = cells.to_memory() if adata.isbacked else cells.copy()
    # setting up the copy under that of adata would unregister adata
    cells.uns = {name: entry for name, entry in cells.uns.items() if not name.startswith("_scvi")}
    return cells
