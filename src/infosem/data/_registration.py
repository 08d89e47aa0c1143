"""Checks of ``setup_anndata``, before the fields are registered."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from anndata import AnnData

from infosem.data import _keys
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


def require_known(arguments: dict[str, Any]) -> None:
    """Raise a :class:`TypeError` for arguments of ``setup_anndata`` that only other models have."""
    for name in arguments:
        if name != "source_registry":
            raise TypeError(
                f"setup_anndata has no argument {name!r}: it has layer, embedding_key, interactions_key and "
                "regulator_key. The model does not use batches, labels or covariates: correct the expression for them "
                "first, or fit each group separately with infosem.tl.by_group(adata, ...)."
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


def make_manager(
    setup_method_args: dict[str, Any],
    *,
    layer: str | None,
    embedding_key: str | None,
    interactions_key: str | None,
    regulator_key: str | None,
) -> GeneAlignedManager:
    """Make the manager that registers these entries."""
    return GeneAlignedManager(
        fields=[
            ExpressionField(layer),
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
