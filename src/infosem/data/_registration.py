"""Checks of ``setup_anndata``, before the fields are registered."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.data import _keys
from infosem.data._cell_fields import cell_fields
from infosem.data._counts import total_counts
from infosem.data._expression_field import ExpressionField
from infosem.data._gene_fields import EmbeddingField, InteractionsField, RegulatorField
from infosem.data._manager import GeneAlignedManager
from infosem.data._scvi import check_if_view

logger = logging.getLogger(__name__)

_BARCODE = r"(?:.+[_:#-])?[ACGT]{12,}(?:-\d+)?"
"""Pattern of the names of cells."""


class _Entry(NamedTuple):
    """Optional entry of AnnData that describes genes."""

    cells: str  # attribute that holds it in transposed data
    genes: str  # attribute that holds it
    key: str  # default key
    without: str  # consequence of its absence


_OF_GENES = {
    "regulator_key": _Entry("obs", "var", _keys.IS_REGULATOR, "all genes may have targets"),
    "embedding_key": _Entry("obsm", "varm", _keys.GENE_EMBEDDING, "no text prior"),
    "interactions_key": _Entry("obsp", "varp", _keys.KNOWN_INTERACTIONS, "no interaction prior"),
}
"""Entries by the argument that names their key."""


_TOTALS = ("total_counts", "n_counts", "nCount_RNA")
"""Columns of ``obs`` with the total count of each cell over all genes, as scanpy and Seurat write them."""


def require_known(arguments: dict[str, Any]) -> None:
    """Raise a :class:`TypeError` for arguments of ``setup_anndata`` that only other models have."""
    for name in arguments:
        if name != "source_registry":
            hint = " Groups of cells that have networks of their own are group_key=." if name == "labels_key" else ""
            raise TypeError(
                f"setup_anndata has no argument {name!r}: it has layer, batch_key, categorical_covariate_keys, "
                "continuous_covariate_keys, size_factor_key, group_key, embedding_key, interactions_key and "
                f"regulator_key.{hint}"
            )


def require_cells_by_genes(adata: AnnData) -> None:
    """Convert a view to an actual AnnData, and raise an error if ``adata`` is not an AnnData of cells x genes."""
    if not isinstance(adata, AnnData):
        raise TypeError(
            f"setup_anndata needs an AnnData, not {type(adata).__name__}. With a MuData pass one modality: "
            "mdata.mod['rna']."
        )
    barcodes = adata.var_names.astype(str).str.fullmatch(_BARCODE).mean() if adata.n_vars else 0.0
    turned = [
        f"adata.{entry.cells}[{entry.key!r}]"
        for entry in _OF_GENES.values()
        if entry.key in getattr(adata, entry.cells) and entry.key not in getattr(adata, entry.genes)
    ]
    if turned or barcodes > 0.9:
        found = f"{turned[0]} is there" if turned else f"its genes are called {', '.join(adata.var_names[:3])}"
        raise ValueError(f"adata looks as if it were genes x cells: {found}. Turn it first: adata = adata.T.copy().")
    if adata.is_view and adata.isbacked:
        raise ValueError(
            "adata is a view of an AnnData in a file, which cannot be set up. Read it into memory: "
            "adata = adata.to_memory()."
        )
    check_if_view(adata, copy_if_view=True)


def resolve_keys(adata: AnnData, **keys: str | None) -> dict[str, str | None]:
    """Return the keys, with ``"auto"`` replaced by the default key if that exists, and by ``None`` otherwise."""
    resolved = dict(keys)
    for name, entry in _OF_GENES.items():
        if keys[name] != "auto":
            continue
        there = entry.key in getattr(adata, entry.genes)
        resolved[name] = entry.key if there else None
        if there:
            logger.info("Using adata.%s[%r].", entry.genes, entry.key)
        else:
            logger.info("No adata.%s[%r]: %s.", entry.genes, entry.key, entry.without)
    return resolved


def resolve_size_factor(adata: AnnData, expression: ExpressionField, key: str | None) -> str | None:
    """Return the column of ``obs`` with the size of each cell, or ``None``, and let the expression use it.

    ``"auto"`` is the first of ``obs["total_counts"]``, ``obs["n_counts"]`` and ``obs["nCount_RNA"]`` that is at least
    the sum of the counts of every cell.

    Raises
    ------
    ValueError
        If a column is given, but the expression does not hold counts.
    """
    if key == "auto":
        there = [name for name in _TOTALS if name in adata.obs]
        key = _total_of(adata, expression, there) if there and expression.holds_counts(adata) else None
    elif key is not None and not expression.holds_counts(adata):
        raise ValueError(
            f"size_factor_key={key!r} normalises counts, but {expression.name} does not hold counts. Pass layer= with "
            "counts, or leave size_factor_key= out."
        )
    expression.size_factor_key = key
    return key


def _total_of(adata: AnnData, expression: ExpressionField, names: list[str]) -> str | None:
    """Return the first of these columns of ``obs`` that can be the total counts of the cells."""
    least = total_counts(expression.get_field_data(adata))
    return next((name for name in names if _is_total(adata, name, least)), None)


def _is_total(adata: AnnData, name: str, least: np.ndarray) -> bool:
    """Return whether ``obs[name]`` can be the total counts of the cells. If it is smaller than their sum, warn."""
    totals = pd.to_numeric(adata.obs[name], errors="coerce").to_numpy(dtype=np.float64)
    if (totals >= np.maximum(least, 1) - 0.5).all():
        return True
    logger.warning(
        "adata.obs[%r] is not used, because it is missing or smaller than the sum of the counts for some cells. Pass "
        "size_factor_key= with the size of each cell.",
        name,
    )
    return False


def make_manager(
    setup_method_args: dict[str, Any],
    expression: ExpressionField,
    *,
    batch_key: str | None,
    categorical_covariate_keys: Sequence[str] | None,
    continuous_covariate_keys: Sequence[str] | None,
    size_factor_key: str | None,
    group_key: str | None,
    embedding_key: str | None,
    interactions_key: str | None,
    regulator_key: str | None,
) -> GeneAlignedManager:
    """Make the manager that registers these entries."""
    of_cells = cell_fields(
        batch_key=batch_key,
        categorical_covariate_keys=categorical_covariate_keys,
        continuous_covariate_keys=continuous_covariate_keys,
        size_factor_key=size_factor_key,
        group_key=group_key,
    )
    return GeneAlignedManager(
        fields=[
            *of_cells,
            expression,
            EmbeddingField(embedding_key),
            RegulatorField(regulator_key),
            InteractionsField(interactions_key, regulator_key),
        ],
        setup_method_args=setup_method_args,
    )


def absent_entries(keys: dict[str, str | None], resolved: dict[str, str | None]) -> list[tuple[str, str]]:
    """Return attribute and key of the entries that ``"auto"`` would use, but that do not exist."""
    return [
        (entry.genes, entry.key) for name, entry in _OF_GENES.items() if keys[name] == "auto" and resolved[name] is None
    ]
