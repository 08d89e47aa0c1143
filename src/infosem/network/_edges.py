"""Networks as edge tables and as entries of AnnData."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.data import _keys
from infosem.data._arguments import number, whole_number
from infosem.data._places import NETWORK, note, require_network_place
from infosem.network._thresholds import Thresholds

logger = logging.getLogger(__name__)

_NONE = Thresholds()


def edge_table(
    strength: pd.DataFrame,
    sign: np.ndarray,
    more: Mapping[str, pd.DataFrame],
    *,
    top: int | None,
    min_weight: float | None,
    thresholds: Thresholds = _NONE,
    by: Literal["network", "regulator"] = "network",
) -> pd.DataFrame:
    """Return the edge table of a network, strongest edges first.

    Parameters
    ----------
    strength
        Non-negative edge strengths, regulators x genes. Edges of strength zero are left out.
    sign
        +1 or -1 for each pair, zero if unknown, ``(R, G)``.
    more
        Further columns, each as a matrix of regulators x genes.
    top
        Number of strongest edges to keep.
    min_weight
        Minimum strength of an edge.
    thresholds
        Thresholds on the columns in ``more``.
    by
        Whether to rank all edges of the network, or the edges of each regulator. ``top`` then applies per regulator.

    Returns
    -------
    DataFrame with the columns ``source``, ``target``, ``weight`` (strength times sign, positive if the sign is
    unknown), ``sign``, ``rank`` and those in ``more``.
    """
    if top is not None:
        top = whole_number(top, "top", least=0, what="the number of edges to keep")
    if min_weight is not None:
        min_weight = number(min_weight, "min_weight", what="the minimum absolute weight of an edge")
    if by not in ("network", "regulator"):
        raise ValueError(f"by={by!r} is not one of 'network', 'regulator'.")
    values = strength.to_numpy().ravel()
    passing = thresholds.passing(more)
    if passing is not None:
        values = np.where(passing.ravel(), values, values.dtype.type(0))
    least = np.finfo(values.dtype).tiny if min_weight is None else max(min_weight, np.finfo(values.dtype).tiny)
    if by == "regulator":
        pairs, rank = _best_of_each_row(values.reshape(strength.shape), least, top)
    else:
        if top is not None and 0 < top < len(values):
            # a genome has tens of millions of pairs, so sort only those that can be among the top
            least = max(least, np.partition(values, -top)[-top])
        candidates = np.flatnonzero(values >= least)
        pairs = candidates[np.argsort(-values[candidates], kind="stable")[:top]]
        rank = np.arange(1, len(pairs) + 1)
    row, column = np.unravel_index(pairs, strength.shape)
    signs = known_signs(sign.ravel()[pairs]).astype(int)
    edges = pd.DataFrame(
        {
            "source": strength.index.to_numpy()[row],
            "target": strength.columns.to_numpy()[column],
            "weight": values[pairs] * np.where(signs < 0, -1, 1),
            "sign": signs,
            "rank": rank,
        }
    )
    return edges.assign(**{name: matrix.to_numpy().ravel()[pairs] for name, matrix in more.items()})


def known_signs(sign: np.ndarray) -> np.ndarray:
    """Return signs as int8, with zero for NaN."""
    return np.sign(np.nan_to_num(sign)).astype(np.int8)


def _best_of_each_row(values: np.ndarray, least: float, top: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return flat index and within-row rank of each kept value: first the best of each row, then the second, ..."""
    order = np.argsort(-values, axis=1, kind="stable")[:, :top]
    pairs = order + np.arange(len(values))[:, None] * values.shape[1]
    rank = np.broadcast_to(np.arange(1, order.shape[1] + 1), order.shape)
    flat = values.ravel()[pairs]
    kept = flat >= least
    sequence = np.lexsort((-flat[kept], rank[kept]))
    return pairs[kept][sequence], rank[kept][sequence]


def write_matrices(
    adata: AnnData,
    weights: pd.DataFrame,
    sign: np.ndarray,
    parts: Mapping[str, pd.DataFrame | None],
    *,
    key_added: str,
    made_by: str,
    provenance: Mapping[str, Any],
) -> None:
    """Write a network to ``varp`` and its provenance to ``uns[key_added]``.

    Parameters
    ----------
    adata
        Annotated data to write to. It must have the genes of the network, in any order.
    weights
        Edge weights, regulators x genes.
    sign
        +1 or -1 for each pair, zero if unknown, ``(R, G)``.
    parts
        Further matrices, by their names in :data:`infosem.data._keys.PARTS`.
    key_added
        Key of the network in ``varp`` and ``uns``.
    made_by
        Name of the function that made the network, without the name of the package.
    provenance
        Entries of ``uns[key_added]`` in addition to the regulators and the versions.
    """
    written = ["sign", *(name for name, part in parts.items() if part is not None)]
    key_added = require_network_place(adata, key_added, written)
    regulators, genes = weights.axes
    parts = {"sign": pd.DataFrame(known_signs(sign), regulators, genes), **parts}
    matrices = {_keys.part_key(key_added, name): part for name, part in parts.items() if part is not None}
    matrices[key_added] = weights
    missing = set(genes) - set(adata.var_names)
    if missing or adata.n_vars != len(genes):
        raise ValueError(
            f"adata has {adata.n_vars} genes and lacks {len(missing)} of the model's {len(genes)}. Pass an AnnData "
            "with only the model's genes: adata[:, model.gene_names].copy()."
        )
    squares = {key: _square(matrix, adata.var_names) for key, matrix in matrices.items()}
    if key_added in adata.uns:
        for part in adata.uns[key_added].get("parts", _keys.PARTS):
            adata.varp.pop(_keys.part_key(key_added, part), None)
    for key, square in squares.items():
        adata.varp[key] = square
    adata.uns[key_added] = note(
        made_by,
        NETWORK,
        parts=written,
        **provenance,
        regulators=regulators.to_numpy(dtype=object),
        versions={name: version(name) for name in ("infosem", "scvi-tools", "torch")},
    )
    logger.info("Wrote the network to adata.varp[%r] and adata.uns[%r].", key_added, key_added)


def write_part(adata: AnnData, values: pd.DataFrame, *, key: str, part: str) -> None:
    """Write a further matrix, regulators x genes, beside the network under ``key``."""
    require_network_place(adata, key, [part])
    adata.varp[_keys.part_key(key, part)] = _square(values, adata.var_names)
    adata.uns[key]["parts"] = [*(name for name in adata.uns[key].get("parts", _keys.PARTS) if name != part), part]


def _square(matrix: pd.DataFrame, genes: pd.Index) -> np.ndarray | sparse.csr_matrix:
    """Return a genes x genes matrix, dense if all genes are regulators, else CSR with the rows of the regulators."""
    values = matrix.to_numpy()[:, matrix.columns.get_indexer(genes)]
    rows = genes.get_indexer(matrix.index)
    order = np.argsort(rows)
    if len(rows) == len(genes):
        return values[order]
    per_row = np.zeros(len(genes), dtype=np.int64)
    per_row[rows] = len(genes)
    columns = np.tile(np.arange(len(genes), dtype=np.int32), len(rows))
    starts = np.concatenate([[0], np.cumsum(per_row)])
    square = sparse.csr_matrix((values[order].ravel(), columns, starts), shape=(len(genes), len(genes)))
    square.eliminate_zeros()
    return square
