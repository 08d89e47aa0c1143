"""Ground truth of a benchmark, in which all pairs but the known edges are negatives."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.data._checks import require_key, require_unique_genes
from infosem.data._gene_fields import RegulatorField
from infosem.data._matches import matched_pairs
from infosem.data._names import gene_identifiers

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Truth:
    """Directed network of known edges, without self-loops. All other pairs are non-edges.

    Attributes
    ----------
    gene_names
        All genes of the data, ``(G,)``.
    is_regulator
        Mask of the regulators, ``(G,)``.
    edges
        ``(G, G)`` boolean CSR, row = regulator, column = target.
    """

    gene_names: np.ndarray
    is_regulator: np.ndarray
    edges: sparse.csr_array

    def __repr__(self) -> str:
        return (
            f"Truth: {len(self.gene_names)} genes, {self.edges.nnz} edges of {len(self.regulators)} regulators to "
            f"{len(self.targets)} targets"
        )

    @property
    def regulators(self) -> np.ndarray:
        """Indices of the regulators with a known target."""
        return np.flatnonzero(np.diff(self.edges.indptr))

    @property
    def targets(self) -> np.ndarray:
        """Indices of the genes with a known regulator."""
        return np.unique(self.edges.indices)

    def labels(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return whether each pair is an edge, in the shape of ``source`` and ``target``."""
        return np.asarray(self.edges[source, target]).astype(bool)


def read_truth(
    adata: AnnData,
    truth: str | pd.DataFrame,
    *,
    regulator_key: str | None = None,
    all_regulate: bool = False,
    signed: bool = False,
    allow_few: bool = False,
) -> Truth:
    """Read the ground truth of a benchmark.

    Parameters
    ----------
    adata
        Data with the genes of the benchmark.
    truth
        Key in ``adata.varp`` of a genes x genes matrix of zeros and ones (row = regulator; absent or zero = negative),
        or a table of known edges with columns ``source`` and ``target``.
    regulator_key
        Boolean column of ``adata.var`` that marks regulators. By default the genes with a known target.
    all_regulate
        Whether to treat every gene as a regulator, if the regulators are unknown.
    signed
        Whether negative values are also edges, namely repressive ones.
    allow_few
        Whether to accept tables of which fewer than a tenth of what could match the data does.

    Raises
    ------
    KeyError
        If a key is missing.
    ValueError
        If genes are duplicated, the matrix has missing values or, unless ``signed``, negative ones, no edges or too few
        edges of a table match the data, a column is missing, or both ``regulator_key`` and ``all_regulate`` are given.
    """
    require_unique_genes(adata)
    if all_regulate and regulator_key is not None:
        raise ValueError(
            f"regulator_key={regulator_key!r} selects regulators, but all_regulate=True selects all genes. Pass only "
            "one of the two."
        )
    if isinstance(truth, pd.DataFrame):
        name, edges = "the table of edges", _from_table(adata, truth, allow_few=allow_few)
    else:
        name, edges = f"adata.varp[{truth!r}]", _from_varp(adata, truth, signed=signed)
    edges = edges.tocoo()
    source, target = edges.coords
    kept = source != target
    if all_regulate:
        is_regulator = np.ones(adata.n_vars, dtype=bool)
    elif regulator_key is None:
        is_regulator = np.isin(np.arange(adata.n_vars), source[kept])
    else:
        require_key(adata, "var", regulator_key)
        is_regulator = np.isin(np.arange(adata.n_vars), RegulatorField(regulator_key).read(adata))
        outside = kept & ~is_regulator[source]
        if outside.any():
            logger.warning(
                "%d of %d edges of %s start at genes that are not regulators in adata.var[%r]; they are ignored.",
                outside.sum(), len(kept), name, regulator_key,
            )  # fmt: skip
            kept &= ~outside
    if not kept.any():
        raise ValueError(
            f"{name} has no edge from a regulator to another gene of the data, so that nothing can be scored. Row = "
            "regulator, column = target; gene names must be spelt as in adata.var_names."
        )
    matrix = sparse.csr_array((np.ones(kept.sum(), dtype=bool), (source[kept], target[kept])), shape=edges.shape)
    matrix.sum_duplicates()
    return Truth(adata.var_names.to_numpy().astype(str), is_regulator, matrix)


def _from_varp(adata: AnnData, key: str, *, signed: bool) -> sparse.csr_array:
    require_key(adata, "varp", key)
    matrix: Any = adata.varp[key]
    values = matrix.data if sparse.issparse(matrix) else np.asarray(matrix)
    if not np.isfinite(values).all() or ((values < 0).any() and not signed):
        raise ValueError(
            f"adata.varp[{key!r}] has negative or missing values. The truth of a benchmark is one for an edge and zero "
            "or absent otherwise; matrices with +1, -1 and unobserved pairs are priors for setup_anndata. For a signed "
            f"network, pass adata.varp['edges'] = adata.varp[{key!r}] != 0, or in a configuration signed = true."
        )
    edges = sparse.csr_array(matrix)
    edges.eliminate_zeros()
    return edges


def _from_table(adata: AnnData, table: pd.DataFrame, *, allow_few: bool) -> sparse.csr_array:
    genes = gene_identifiers(adata, None)
    source, target = matched_pairs(adata, genes, table, "the truth", ignore_case=None, allow_few=allow_few)
    return sparse.csr_array((np.ones(len(source)), (source, target)), shape=(adata.n_vars, adata.n_vars))
