"""Writing of networks to the ``varp`` and ``uns`` of AnnData."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.data import _keys
from infosem.data._places import NETWORK, note, require_network_place
from infosem.network._edge_table import known_signs

logger = logging.getLogger(__name__)


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
