"""False discovery rate of edges, from permuted expression."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from scvi import REGISTRY_KEYS
from tqdm.auto import tqdm

from infosem.data import _keys
from infosem.data._arguments import seed_number, whole_number
from infosem.data._blocks import is_in_memory
from infosem.data._places import NETWORK, is_ours, require_network_place
from infosem.model._infosem import InfoSEM
from infosem.model._quiet import quiet
from infosem.model._refit import Recipe, refit
from infosem.network._write import write_part

logger = logging.getLogger(__name__)


def false_discovery_rate(
    model: InfoSEM,
    *,
    n_permutations: int = 3,
    seed: int = 0,
    train_kwargs: Mapping[str, Any] | None = None,
    key: str = _keys.NETWORK,
    progress: bool = True,
) -> pd.DataFrame:
    r"""Estimate the false discovery rate of edges by comparison with networks of permuted expression.

    The log-normalised values of each gene are permuted over the cells of a batch, which keeps their distribution and
    removes every dependence between genes. The same model is then trained on the permuted data, with the same priors.
    Let :math:`R(t)` be the number of edges with :math:`|A_{ij}| \geq t` in the network and :math:`V(t)` the mean of
    this number over the permuted networks. Then

    .. math:: \mathrm{FDR}(t) = \min\left(1, \frac{V(t)}{R(t)}\right), \qquad
              q_{ij} = \min_{t \leq |A_{ij}|} \mathrm{FDR}(t) .

    This follows Storey and Tibshirani (2003), with the proportion of null edges set to one. The null hypothesis is *no
    dependence at all*. An edge that passes may therefore reflect a common cause, such as cell type or sequencing depth,
    rather than regulation.

    Parameters
    ----------
    model
        Trained model with its AnnData. The expression must be in memory.
    n_permutations
        Number of permuted networks. Each takes as long to train as the model.
    seed
        Random seed of the permutations and of the models trained on them.
    train_kwargs
        Keyword arguments of :meth:`infosem.InfoSEM.train`. Pass those with which the model was trained.
    key
        Key of the network that :meth:`infosem.InfoSEM.write_network` wrote. If the AnnData of the model holds it, the q
        values are written to ``varp[key + "_q_value"]``, where :func:`infosem.get.network` finds them.
    progress
        Whether to show a progress bar.

    Returns
    -------
    The table of :meth:`infosem.InfoSEM.get_edges` with the column ``q_value``. After an interruption (Ctrl-C), the
    finished permutations are used, if there are any.
    """
    n_permutations, seed = whole_number(n_permutations, "n_permutations", least=1), seed_number(seed)
    if not isinstance(model, InfoSEM):
        raise TypeError(f"model must be a trained InfoSEM, not {type(model).__name__}: false_discovery_rate(model).")
    if model.adata is None:
        raise RuntimeError("This model was loaded without data. Load it with InfoSEM.load(path, adata=adata).")
    model.adata_manager.require_unchanged()
    is_written = is_ours(model.adata, key, NETWORK) and key in model.adata.varp
    if is_written:
        require_network_place(model.adata, key, ["q_value"])
    cells = model.adata_manager.cells
    if not is_in_memory(cells.x):
        raise ValueError(
            "Permutation needs the expression in memory, but it is in a file. Train a model on adata.to_memory(), or "
            "on some of the cells: adata[cells].to_memory()."
        )
    x = cells.normalised_matrix()
    size = model.get_adjacency().abs()
    observed = np.sort(size.to_numpy().ravel())
    chance = np.zeros(len(observed))
    done = 0
    try:
        for number in tqdm(range(n_permutations), desc="permutations", disable=not progress):
            null = np.sort(_permuted_network(model, x, seed + number, dict(train_kwargs or {})).ravel())
            chance += len(null) - np.searchsorted(null, observed)
            done += 1
    except KeyboardInterrupt:
        if not done:
            raise
        logger.warning("Interrupted after %d of %d permutations, which are kept.", done, n_permutations)
    discovered = len(observed) - np.searchsorted(observed, observed)
    rate = np.minimum.accumulate(np.minimum(1.0, chance / done / discovered))
    q_value = pd.DataFrame(
        rate[np.searchsorted(observed, size.to_numpy())].astype(np.float32), size.index, size.columns
    )
    if is_written:
        write_part(model.adata, q_value, key=key, part="q_value")
    edges = model.get_edges()
    row, column = size.index.get_indexer(edges["source"]), size.columns.get_indexer(edges["target"])
    return edges.assign(q_value=q_value.to_numpy()[row, column])


def _permuted_network(model: InfoSEM, x: Any, seed: int, train_kwargs: dict[str, Any]) -> np.ndarray:
    """Return the absolute adjacency of a model with the same settings, trained on permuted expression."""
    assert model.adata is not None
    manager = model.adata_manager
    setup = dict(model.registry_["setup_args"])
    batch = manager.cells.of_cells.get(REGISTRY_KEYS.BATCH_KEY, np.zeros((manager.adata.n_obs, 1)))[:, 0]
    adata = AnnData(
        permute_cells(x, batch, np.random.default_rng(seed)),
        obs=manager.adata.obs[manager.cell_columns],
        var=model.adata.var,
        varm=dict(model.adata.varm),
        varp={name: model.adata.varp[name] for name in [setup["interactions_key"]] if name is not None},
    )
    # permutation makes zeros independent, so that the original cells decide which entries enter the model
    recipe = Recipe.of(model, train_kwargs)
    with quiet(logging.ERROR):  # warnings that these cells carry no signal are expected
        null = refit(replace(recipe, setup={**setup, "layer": None, "size_factor_key": None}), adata, seed=seed)
    return null.get_adjacency().abs().to_numpy()


def permute_cells(x: Any, batch: np.ndarray, rng: np.random.Generator) -> Any:
    """Permute the values of each gene over the cells of each batch, independently by gene.

    A sparse matrix stays sparse.
    """
    rows = [np.flatnonzero(batch == code) for code in np.unique(batch)]
    permuted = [_permuted(x[cells], rng) for cells in rows]
    stacked = sparse.vstack(permuted, format="csr") if sparse.issparse(x) else np.concatenate(permuted)
    return stacked[np.argsort(np.concatenate(rows))]


def _permuted(x: Any, rng: np.random.Generator) -> Any:
    if not sparse.issparse(x):
        return rng.permuted(np.asarray(x), axis=0)
    columns = x.tocsc(copy=True)
    for gene in range(x.shape[1]):
        values = slice(columns.indptr[gene], columns.indptr[gene + 1])
        columns.indices[values] = rng.choice(x.shape[0], values.stop - values.start, replace=False)
    columns.has_sorted_indices = False
    return columns.tocsr()
