"""Networks of groups of cells."""

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
from infosem.model._arguments import of_kind
from infosem.model._ensemble import Ensemble
from infosem.model._infosem import InfoSEM
from infosem.model._presets import preset_of
from infosem.model._refit import Recipe, refit
from infosem.model._train_ensemble import train_ensemble
from infosem.module import Likelihood

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
    """Train one network for each group of cells, such as cell types or conditions.

    All groups share priors and settings. Whether all entries or only non-zero entries enter the model is decided once,
    from all cells of ``adata``. An interruption (Ctrl-C) keeps the groups that are finished.

    Parameters
    ----------
    adata
        AnnData registered with :meth:`infosem.InfoSEM.setup_anndata`. Its regulators, embeddings and known interactions
        are used for every group.
    groupby
        Column of ``obs`` with the groups.
    groups
        Groups to train. By default all groups of at least ``min_cells`` cells.
    min_cells
        Minimum number of cells of a group. Smaller groups are left out, or raise an error if ``groups`` names them.
    n_models
        Number of models per group. More than one trains an ensemble with :func:`infosem.train_ensemble`.
    seed
        Random seed, the same for all groups, so that their models start from the same initialisation.
    model_kwargs, train_kwargs
        Keyword arguments of :class:`infosem.InfoSEM` and of :meth:`infosem.InfoSEM.train`.
    key_added
        Each network is written to ``adata`` as soon as it is trained, under the key ``f"{key_added}:{group}"``. Read it
        with ``infosem.get.network(adata, "infosem:CD4 T")``. In the key, a slash in a group's name becomes ``%2F``,
        because h5ad does not allow slashes; ``uns`` keeps the original name.
    progress
        Whether to show a progress bar over the groups.

    Returns
    -------
    The model or ensemble of each group, by name of the group.
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
        few = f"groups={wrong} have fewer than" if wrong else "No selected group has"
        raise ValueError(
            f"{few} {max(min_cells, 2)} cells (min_cells={min_cells}); adata.obs[{groupby!r}] has "
            f"{listed(there) or 'no groups'}."
        )
    check_key(key_added)
    for group in chosen:
        require_network_place(adata, file_key(key_added, group), _keys.PARTS)
    left_out = sizes.index.difference(chosen, sort=False)
    if groups is None and len(left_out):
        logger.warning("Groups of fewer than min_cells=%d cells are left out: %s.", min_cells, ", ".join(left_out))
    model_kwargs = dict(model_kwargs or {})
    default = preset_of(model_kwargs.get("preset", "default")).likelihood
    likelihood = of_kind(Likelihood, model_kwargs.get("likelihood"), "likelihood", default)
    # decided from all cells: a small group has too few, and the networks must be comparable
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
    """Return the group of each cell as text, or a missing value."""
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
    """Return the chosen cells in memory, without the registration of ``adata``."""
    cells = adata[chosen]
    cells = cells.to_memory() if adata.isbacked else cells.copy()
    # registering the copy under the same identifier would unregister adata
    cells.uns = {name: entry for name, entry in cells.uns.items() if not name.startswith("_scvi")}
    return cells
