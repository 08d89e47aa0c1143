"""A network as a table of edges and as entries of AnnData."""

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
    """The edges, strongest first.

    Parameters
    ----------
    strength
        Not negative, regulators x genes. Edges of strength zero are left out.
    sign
        +1 or -1 for every pair, zero where neither is known, ``(R, G)``.
    more
        Further columns, each regulators x genes.
    top
        Keep this many edges.
    min_weight
        Keep edges of at least this strength.
    thresholds
        What the columns of ``more`` must reach.
    by
        Rank all edges, or those of each regulator, of which ``top`` are kept then.

    Returns
    -------
    Columns ``source``, ``target``, ``weight`` (strength times sign; positive without one), ``sign``, ``rank``, and
    those of ``more``.
    """
    if top is not None:
        top = whole_number(top, "top", least=0, what="the number of edges to keep")
    if min_weight is not None:
        min_weight = number(min_weight, "min_weight", what="the least absolute weight of an edge to keep")
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
            # of a genome's tens of millions of pairs only those that can be among the top are sorted
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
    """Signs as int8, zero where there is no number."""
    return np.sign(np.nan_to_num(sign)).astype(np.int8)


def _best_of_each_row(values: np.ndarray, least: float, top: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Flat index and rank within its row of every value that counts: first the best of each row, then the second..."""
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
    """Write a network to ``varp`` and where it comes from to ``uns[key_added]``.

    Parameters
    ----------
    adata
        Where to write. It must have the network's genes, in any order.
    weights
        Regulators x genes.
    sign
        +1 or -1 for every pair, zero where neither is known, ``(R, G)``.
    parts
        What there is besides, of :data:`infosem.data._keys.PARTS`.
    key_added
        Key of the network in ``varp`` and ``uns``.
    made_by
        The function that made it, without the package's name.
    provenance
        What ``uns[key_added]`` says besides the regulators and the versions.
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
            "with just the model's genes: adata[:, model.gene_names].copy()."
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
    """Write something more, regulators x genes, beside the network under ``key``."""
    require_network_place(adata, key, [part])
    adata.varp[_keys.part_key(key, part)] = _square(values, adata.var_names)
    adata.uns[key]["parts"] = [*(name for name in adata.uns[key].get("parts", _keys.PARTS) if name != part), part]


def _square(matrix: pd.DataFrame, genes: pd.Index) -> np.ndarray | sparse.csr_matrix:
    """Genes x genes: dense if all are regulators, else CSR with the regulators' rows filled."""
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
