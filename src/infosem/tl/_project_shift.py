"""Projection of expression shifts onto an embedding of the cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from anndata import AnnData
from scipy import sparse
from scvi import REGISTRY_KEYS

from infosem.data import _keys
from infosem.data._arguments import number
from infosem.data._cells import RegisteredCells
from infosem.data._checks import require_key
from infosem.data._counts import LogNormalisation
from infosem.data._places import ARROWS, SHIFT, is_ours, note, require_place

_BLOCK_ENTRIES = 2**22


def project_shift(
    adata: AnnData,
    *,
    key: str = _keys.PERTURBATION,
    basis: str = "umap",
    neighbors_key: str = "connectivities",
    temperature: float = 0.05,
) -> None:
    r"""Project the expected shift of each cell onto an embedding.

    A cell is drawn towards those of its neighbours :math:`k` that lie in the direction of its shift :math:`\Delta x`:

    .. math:: p_k \propto \exp\left(\frac{\mathrm{corr}(\Delta x, \, x_k - x)}{T}\right), \qquad
              v = \sum_k \left(p_k - \tfrac{1}{K}\right) \frac{e_k - e}{\lVert e_k - e \rVert}

    where :math:`e` are the coordinates of the cells, :math:`K` is the number of neighbours and :math:`T` the
    temperature. This is the projection of RNA velocity (La Manno et al. 2018; Bergen et al. 2020), which CellOracle
    uses for perturbations (Kamimoto et al. 2023).

    Parameters
    ----------
    adata
        Annotated data matrix with a shift in ``layers[key]`` (:func:`infosem.tl.perturb`), neighbours
        (``scanpy.pp.neighbors``) and an embedding (``scanpy.tl.umap``).
    key
        Key of the shift. The arrows are written to ``obsm[f"{key}_{basis}"]``, in embedding coordinates with length at
        most one, and the parameters to ``uns`` under the same key. Cells without a shift or without neighbours get a
        zero vector.
    basis
        Name of the embedding, with coordinates in ``obsm[f"X_{basis}"]``.
    neighbors_key
        Key of the neighbour graph in ``obsp``.
    temperature
        Temperature :math:`T` of the softmax. Lower values concentrate on the best-aligned neighbours.
    """
    temperature = number(temperature, "temperature", above=0)
    require_key(adata, "layers", key, hint="Compute the shift first: infosem.tl.perturb(adata, gene).")
    require_key(adata, "obsm", f"X_{basis}", hint=f"Compute it first, such as scanpy.tl.{basis}(adata).")
    require_key(adata, "obsp", neighbors_key, hint="Compute neighbours first: scanpy.pp.neighbors(adata).")
    key_added = require_place(adata, "obsm", f"{key}_{basis}", ARROWS, argument="basis")
    expression = _expression(adata, adata.uns[key] if is_ours(adata, key, SHIFT) else {})
    coordinates = np.asarray(adata.obsm[f"X_{basis}"], dtype=np.float64)
    graph = sparse.csr_matrix(adata.obsp[neighbors_key])
    graph.setdiag(0)
    graph.eliminate_zeros()
    cell, neighbour = graph.nonzero()
    attraction = np.exp((_agreement(adata.layers[key], expression, cell, neighbour) - 1) / temperature)
    moves = adata.layers[key].any(1)[cell]
    share = (
        attraction / np.bincount(cell, attraction, adata.n_obs)[cell]
        - 1 / np.bincount(cell, minlength=adata.n_obs)[cell]
    )
    direction = coordinates[neighbour] - coordinates[cell]
    length = np.linalg.norm(direction, axis=1, keepdims=True)
    direction = np.divide(direction, length, out=np.zeros_like(direction), where=length > 0)
    pull = sparse.csr_matrix((np.where(moves, share, 0), (np.arange(len(cell)), cell)), shape=(len(cell), adata.n_obs))
    adata.obsm[key_added] = pull.T @ direction
    adata.uns[key_added] = note(
        "tl.project_shift", ARROWS, key=key, basis=basis, neighbors_key=neighbors_key, temperature=temperature
    )


def _expression(adata: AnnData, made: Mapping[str, Any]) -> Any:
    """Return the log-normalised expression of which the shift was computed."""
    layer = made.get("layer", "X")
    x = adata.X if layer == "X" else adata.layers[layer]
    if "reference" not in made:
        return x
    sizes = {}
    if made["size_factor_key"]:
        sizes[REGISTRY_KEYS.SIZE_FACTOR_KEY] = adata.obs[made["size_factor_key"]].to_numpy(dtype=np.float64)[:, None]
    return RegisteredCells(x, LogNormalisation(float(made["reference"]), made.get("levels")), sizes).normalised_matrix()


def _agreement(shift: np.ndarray, expression: Any, cell: np.ndarray, neighbour: np.ndarray) -> np.ndarray:
    """Return, for each pair, the correlation of the cell's shift with the expression difference to its neighbour."""
    correlation = np.zeros(len(cell))
    size = max(1, _BLOCK_ENTRIES // expression.shape[1])
    for start in range(0, len(cell), size):
        here = slice(start, start + size)
        towards = _centred(_rows(expression, neighbour[here]) - _rows(expression, cell[here]))
        moved = _centred(_rows(shift, cell[here]))
        scale = np.linalg.norm(towards, axis=1) * np.linalg.norm(moved, axis=1)
        product = np.einsum("ij,ij->i", towards, moved)
        correlation[here] = np.divide(product, scale, out=np.zeros_like(product), where=scale > 0)
    return correlation


def _rows(matrix: Any, rows: np.ndarray) -> np.ndarray:
    block = matrix[rows]
    return np.asarray(block.toarray() if sparse.issparse(block) else block, dtype=np.float64)


def _centred(rows: np.ndarray) -> np.ndarray:
    return rows - rows.mean(1, keepdims=True)
