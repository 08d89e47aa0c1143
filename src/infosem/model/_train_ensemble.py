"""Training of an ensemble of models, in parallel."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
from anndata import AnnData
from scvi import REGISTRY_KEYS
from tqdm.auto import tqdm

from infosem.data._arguments import number_of_jobs, seed_number, whole_number
from infosem.data._manager import GeneAlignedManager, state_of
from infosem.model._ensemble import Ensemble, Sums
from infosem.model._infosem import InfoSEM
from infosem.model._parallel import in_parallel
from infosem.model._quiet import quiet
from infosem.model._refit import Recipe, refit

logger = logging.getLogger(__name__)

_SHARE_OF_CELLS = 0.8


def train_ensemble(
    adata: AnnData,
    n_models: int = 10,
    *,
    n_jobs: int | None = None,
    n_selected: int | None = None,
    seed: int = 0,
    model_kwargs: Mapping[str, Any] | None = None,
    train_kwargs: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Ensemble:
    """Train several models that differ in seed and training cells, and combine their networks.

    Each model is trained on four fifths of the cells, which are drawn with its seed. Stable edges therefore do not
    depend on a few cells (stability selection, Meinshausen and Buehlmann 2010). Models are trained in parallel by
    joblib. With ``joblib.parallel_config("dask")`` or ``("ray")`` they are distributed over a cluster. If training is
    interrupted (Ctrl-C), the finished models are kept. With groups of cells, the shared networks are combined.

    Parameters
    ----------
    adata
        AnnData registered with :meth:`infosem.InfoSEM.setup_anndata`.
    n_models
        Number of models to train.
    n_jobs
        Number of processes, limited to the number of models. By default ``joblib.parallel_config`` sets it, else one.
    n_selected
        Number of edges that each model selects, for the stability. By default one in twenty of the possible pairs.
    seed
        Seed of the first model. The others have the seeds ``seed + 1``, ``seed + 2``, ...
    model_kwargs
        Keyword arguments of :class:`infosem.InfoSEM`.
    train_kwargs
        Keyword arguments of :meth:`infosem.InfoSEM.train`. With ``train_size=1.0`` all models are trained on all cells
        and differ only in their seed, which hardly changes the network.
    progress
        Whether to show a progress bar.

    Returns
    -------
    Combined network of the models.

    Raises
    ------
    ValueError
        If ``adata`` is not registered, or an argument has an invalid value.

    Examples
    --------
    >>> infosem.InfoSEM.setup_anndata(adata)
    >>> ensemble = infosem.train_ensemble(adata, n_models=10, n_jobs=-1)
    >>> ensemble.get_edges(top=100, min_stability=0.9)
    """
    n_models = whole_number(n_models, "n_models", least=2, what="one model is trained with InfoSEM(adata).train()")
    n_jobs, seed = number_of_jobs(n_jobs), seed_number(seed)
    model_kwargs, train_kwargs = dict(model_kwargs or {}), dict(train_kwargs or {})
    if "seed" in model_kwargs:
        raise ValueError(f"Pass seed={model_kwargs['seed']!r} to train_ensemble: each model gets its own.")
    first = InfoSEM(adata, seed=seed, **model_kwargs)
    n_pairs = first.module.adjacency.n_pairs
    if n_selected is None:
        n_selected = max(1, n_pairs // 20)
    else:
        what = f"{n_pairs} pairs can be edges"
        n_selected = whole_number(n_selected, "n_selected", least=1, most=n_pairs, what=what)

    options = {"train_size": _SHARE_OF_CELLS, "validation_size": 0.0, **train_kwargs}
    recipe = Recipe(setup=first.registry_["setup_args"], model=model_kwargs, train=options)
    cells = _Cells(first.adata_manager, recipe.setup)
    train = partial(_train_one, cells, recipe)
    n_jobs = n_jobs if n_jobs is None else min(n_jobs, n_models)
    results = in_parallel(train, range(seed, seed + n_models), n_jobs, in_order=True)
    sums = Sums.empty((len(first.regulator_names), len(first.gene_names)))
    try:
        for weights, strength, probability in tqdm(results, total=n_models, desc="models", disable=not progress):
            sums.add(weights, strength, probability, n_selected)
    except KeyboardInterrupt:
        if sums.n < 2:
            raise
        logger.warning("Interrupted after %d of %d models, which are kept.", sums.n, n_models)

    def frame(values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values, index=first.regulator_names, columns=first.gene_names)

    return Ensemble(
        **{name: None if values is None else frame(values) for name, values in sums.summary()},
        n_models=sums.n,
        n_selected=n_selected,
        _sign=first.edge_facts_.signs,
        _provenance=first._provenance(),
    )


class _Cells:
    """Parts of ``adata`` that a model uses, which are set up in a new AnnData so that ``adata`` does not change.

    Arrays are shared. Expression in an h5ad file stays in the file. Other processes open the file themselves, and check
    by ``state`` that it is still the one that was registered.
    """

    def __init__(self, manager: GeneAlignedManager, setup: Mapping[str, Any]) -> None:
        adata = manager.adata
        layer, embedding, interactions = (setup[key] for key in ("layer", "embedding_key", "interactions_key"))
        self.expression = manager.field(REGISTRY_KEYS.X_KEY)
        self.state = state_of(manager.registry, REGISTRY_KEYS.X_KEY)
        self.path = Path(adata.filename).resolve() if adata.isbacked and layer is None else None
        self.X = adata.X if layer is None else None
        self.rest = {
            "obs": adata.obs[manager.cell_columns],
            "var": adata.var,
            "layers": None if layer is None else {layer: adata.layers[layer]},
            "varm": None if embedding is None else {embedding: adata.varm[embedding]},
            "varp": None if interactions is None else {interactions: adata.varp[interactions]},
        }

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "X": self.X if self.path is None else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.path is not None:
            self.X = anndata.read_h5ad(self.path, backed="r").X

    def as_anndata(self) -> AnnData:
        adata = AnnData(self.X, **self.rest)
        if self.path is not None:
            self.expression.require_unchanged(self.state, adata, files=True)
        return adata


def _train_one(cells: _Cells, recipe: Recipe, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Train one model, and return its adjacency, strength and edge probabilities."""
    adata = cells.as_anndata()
    with quiet():
        model = refit(recipe, adata, seed=seed)
    probability = model.get_probabilities()
    weights, strength = model.get_adjacency().to_numpy(), model.get_strength().to_numpy()
    return weights, strength, None if probability is None else probability.to_numpy()
