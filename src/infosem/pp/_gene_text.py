"""What is written about each gene, as one text."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem import _keys
from infosem.pp._matching import gene_identifiers, match, unmatched

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
    missing = {"symbol", "name", on} - set(descriptions.columns)
    if missing:
        raise ValueError(f"descriptions lacks the columns {sorted(missing)}; it has {list(descriptions.columns)}.")
    table = descriptions.dropna(subset=[on])
    parts = {name: _text(table, name) for name in ("symbol", "name", "summary")}
    # stable: among the rows with a summary, and among those without, the order stays
    order = np.argsort(parts["summary"].to_numpy() == "", kind="stable")
    text = parts["symbol"] + ": " + parts["name"].str.rstrip(".") + "." + (" " + parts["summary"]).str.rstrip()
    text = text.where((parts["name"] != "") | (parts["summary"] != ""), "")
    genes, names = gene_identifiers(adata, gene_key), pd.Index(table[on].astype(str).to_numpy()[order])
    at = match(genes, names, ignore_case=ignore_case)
    if not (at >= 0).any():
        raise ValueError(unmatched(genes, names, "described genes"))
    adata.var[key_added] = np.where(at >= 0, text.to_numpy(dtype=object)[order][at], "")
    described = adata.var[key_added] != ""
    with_summary = (at >= 0) & (parts["summary"].to_numpy()[order][at] != "")
    logger.info(
        "%d of %d genes have a text, %d of them with a summary: adata.var[%r]. Without one: %s%s.",
        described.sum(),
        adata.n_vars,
        with_summary.sum(),
        key_added,
        ", ".join(genes[~described][:5]) or "none",
        ", ..." if (~described).sum() > 5 else "",
    )


def _text(table: pd.DataFrame, column: str) -> pd.Series:
    empty = pd.Series("", index=table.index)
    return table[column].fillna("").astype(str).str.strip() if column in table else empty
