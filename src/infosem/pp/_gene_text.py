"""What is written about each gene, as one text."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem import _keys
from infosem._checks import require_columns
from infosem.pp._matching import gene_identifiers, listed, match, unmatched

logger = logging.getLogger(__name__)


def gene_text(
    adata: AnnData,
    descriptions: pd.DataFrame | str | Path,
    *,
    on: str = "symbol",
    gene_key: str | None = None,
    ignore_case: bool = False,
    key_added: str = _keys.GENE_TEXT,
) -> None:
    """Write one text per gene to ``var[key_added]``: ``"SYMBOL: name. summary"``, empty where there is none.

    Of rows that describe one gene, the first with a summary counts.

    Parameters
    ----------
    adata
        Cells x genes.
    descriptions
        A table with the columns ``symbol``, ``name`` and, where there is one, ``summary``; or a file of it, ``.csv``
        or ``.tsv``, compressed or not.
    on
        Column of ``descriptions`` that identifies the genes, such as ``"ensembl_id"``.
    gene_key
        Column of ``var`` with the same identifiers; by default ``var_names``.
    ignore_case
        Whether identifiers that differ in case only are the same gene: human descriptions for mouse data.
    key_added
        Key in ``var``.

    Raises
    ------
    ValueError
        If a column is missing, or no gene is described.
    """
    if not isinstance(descriptions, pd.DataFrame):
        path = Path(descriptions)
        separator = "\t" if ".tsv" in path.suffixes else ","
        descriptions = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, na_values=[""])
    require_columns(descriptions, ("symbol", "name", on), "descriptions")
    table = descriptions.dropna(subset=[on])
    # stable: among the rows with a summary, and among those without, the order stays
    table = table.iloc[np.argsort(_text(table, "summary").to_numpy() == "", kind="stable")]
    symbol, name, summary = (_text(table, column) for column in ("symbol", "name", "summary"))
    text = symbol + ": " + name.str.rstrip(".") + "." + (" " + summary).str.rstrip()
    text = text.where((name != "") | (summary != ""), "")
    genes, names = gene_identifiers(adata, gene_key), pd.Index(table[on].astype(str))
    at = match(genes, names, ignore_case=ignore_case)
    if not (at >= 0).any():
        raise ValueError(unmatched(genes, names, "described genes"))
    adata.var[key_added] = np.where(at >= 0, text.to_numpy(dtype=object)[at], "")
    described = adata.var[key_added] != ""
    with_summary = (at >= 0) & (summary.to_numpy()[at] != "")
    logger.info(
        "%d of %d genes have a text, %d of them with a summary: adata.var[%r]. Without one: %s.",
        described.sum(),
        adata.n_vars,
        with_summary.sum(),
        key_added,
        listed(genes[~described]) or "none",
    )


def _text(table: pd.DataFrame, column: str) -> pd.Series:
    empty = pd.Series("", index=table.index)
    return table[column].fillna("").astype(str).str.strip() if column in table else empty
