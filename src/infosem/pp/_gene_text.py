"""What is written about each gene, as one text."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem import _keys
from infosem._checks import require_columns
from infosem._files import read_names
from infosem.pp._matching import gene_identifiers, listed, unmatched

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
    """Write one text per gene to ``var[key_added]``, empty where there is none.

    A text is ``"SYMBOL: name. summary"``. Of rows that describe one gene, the first with a summary counts.

    Parameters
    ----------
    adata
        Cells x genes.
    descriptions
        A table with the columns ``symbol``, ``name`` and, where there are any, ``summary`` and ``aliases`` (separated
        by ``|``); or a file of it, ``.csv`` or ``.tsv``, compressed or not. From MyGene.info:
        :func:`infosem.pp.fetch_descriptions`.
    on
        Column of ``descriptions`` that identifies the genes, such as ``"ensembl_id"``.
    gene_key
        Column of ``var`` with the same identifiers; by default ``var_names``.
    ignore_case
        Whether identifiers that differ in case only are the same gene: human descriptions for mouse data. A symbol in
        another case goes before an alias.
    key_added
        Key in ``var``.

    Raises
    ------
    ValueError
        If a column is missing, or no gene is described.
    """
    if not isinstance(descriptions, pd.DataFrame):
        descriptions = read_names(descriptions)
    require_columns(descriptions, ("symbol", "name", on), "descriptions")
    table = descriptions.dropna(subset=[on])
    # stable: among the rows with a summary, and among those without, the order stays
    table = table.iloc[np.argsort(_text(table, "summary").to_numpy() == "", kind="stable")]
    symbol, name, summary = (_text(table, column) for column in ("symbol", "name", "summary"))
    text = symbol + ": " + name.str.rstrip(".") + "." + (" " + summary).str.rstrip()
    text = text.where((name != "") | (summary != ""), "")
    genes = gene_identifiers(adata, gene_key)
    at, ways = _match(genes, table, on, ignore_case)
    if not (at >= 0).any():
        raise ValueError(unmatched(genes, pd.Index(table[on].astype(str)), "described genes"))
    adata.var[key_added] = np.where(at >= 0, text.to_numpy(dtype=object)[at], "")
    described = adata.var[key_added] != ""
    with_summary = (at >= 0) & (summary.to_numpy()[at] != "")
    logger.info(
        "%d of %d genes have a text, %d of them with a summary: adata.var[%r]. Matched %s. Without one: %s.",
        described.sum(),
        adata.n_vars,
        with_summary.sum(),
        key_added,
        ", ".join(f"{number} by {way}" for way, number in ways.items()),
        listed(adata.var_names[~described]) or "none",
    )


def _match(genes: pd.Index, table: pd.DataFrame, on: str, ignore_case: bool) -> tuple[np.ndarray, dict[str, int]]:
    """Row of each gene, -1 for none, and how many were found in which way."""
    at, ways = np.full(len(genes), -1), {}
    names = pd.DataFrame({"name": table[on].astype(str), "gene": table["symbol"], "row": np.arange(len(table))})
    aliases = names.assign(name=_text(table, "aliases").str.split("|")).explode("name")
    aliases["name"] = aliases["name"].str.strip()
    aliases = aliases[aliases["name"] != ""]
    for way, known in ((on, names), ("alias", aliases)):
        for folded in (False, True) if ignore_case else (False,):
            lookup = known.assign(name=known["name"].str.casefold()) if folded else known
            if way == "alias":
                lookup = lookup.drop_duplicates(["name", "gene"]).drop_duplicates("name", keep=False)
            lookup = lookup.drop_duplicates("name").set_index("name")["row"]
            found = lookup.reindex(genes.str.casefold() if folded else genes).fillna(-1).to_numpy(dtype=int)
            found = np.where(at < 0, found, -1)
            ways[f"{way} in another case" if folded else way] = int((found >= 0).sum())
            at = np.maximum(at, found)
    return at, ways


def _text(table: pd.DataFrame, column: str) -> pd.Series:
    empty = pd.Series("", index=table.index)
    return table[column].fillna("").astype(str).str.strip() if column in table else empty
