"""Gene texts from tables of gene descriptions."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.data import _keys
from infosem.data._checks import require_columns
from infosem.data._matches import require_matches
from infosem.data._names import gene_identifiers, identifiers, listed
from infosem.data._places import TEXT, note, require_place
from infosem.files._tables import read_names

logger = logging.getLogger(__name__)


def gene_text(
    adata: AnnData,
    descriptions: pd.DataFrame | str | Path,
    *,
    on: str = "symbol",
    gene_key: str | None = None,
    ignore_case: bool = False,
    allow_few: bool = False,
    key_added: str = _keys.GENE_TEXT,
) -> None:
    """Write a text about each gene to ``var[key_added]``, empty for genes without a description.

    A text has the form ``"SYMBOL: name. summary"``. If several rows describe a gene, the first with a summary is used.

    Parameters
    ----------
    adata
        Annotated data matrix, cells x genes.
    descriptions
        Table with the columns ``symbol``, ``name`` and optionally ``summary`` and ``aliases`` (separated by ``|``), or
        a ``.csv`` or ``.tsv`` file of it, optionally compressed. :func:`infosem.pp.fetch_descriptions` makes such a
        table from MyGene.info.
    on
        Column of ``descriptions`` that identifies the genes, such as ``"ensembl_id"``.
    gene_key
        Column of ``var`` with the same identifiers. By default ``var_names``.
    ignore_case
        Whether identifiers that differ only in case denote the same gene, as for human descriptions of mouse data. A
        symbol in another case takes precedence over an alias.
    allow_few
        Whether to accept that fewer than a tenth of the names that could match genes of the data do.
    key_added
        Key in ``var`` for the texts, and in ``uns`` for a record of their origin.

    Raises
    ------
    ValueError
        If a column is missing, or no genes or too few are described.
    """
    key_added = require_place(adata, "var", key_added, TEXT)
    source = Path(descriptions).name if isinstance(descriptions, str | Path) else type(descriptions).__name__
    if not isinstance(descriptions, pd.DataFrame):
        descriptions = read_names(descriptions)
    require_columns(descriptions, ("symbol", "name", on), "descriptions")
    table = descriptions[identifiers(descriptions[on]).notna()]
    # stable sorting keeps the order among rows with a summary, and among rows without
    table = table.iloc[np.argsort(_text(table, "summary").to_numpy() == "", kind="stable")]
    symbol, name, summary = (_text(table, column) for column in ("symbol", "name", "summary"))
    text = symbol + ": " + name.str.rstrip(".") + "." + (" " + summary).str.rstrip()
    text = text.where((name != "") | (summary != ""), "")
    genes = gene_identifiers(adata, gene_key)
    names, aliases = _known_names(table, on)
    at, ways = _match(genes, {on: names, "alias": aliases}, ignore_case)
    require_matches(
        adata,
        genes,
        pd.Index(names["name"]),
        "described genes",
        ignore_case=ignore_case,
        allow_few=allow_few,
        found=_found(at, names, len(genes)),
    )
    adata.var[key_added] = np.where(at >= 0, text.to_numpy(dtype=object)[at], "")
    adata.uns[key_added] = note(
        "pp.gene_text",
        TEXT,
        source=source,
        on=on,
        gene_key=gene_key,
        ignore_case=ignore_case,
        n_genes=int((at >= 0).sum()),
    )
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


def _known_names(table: pd.DataFrame, on: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return tables of the identifiers and of the aliases of described genes, with gene and row."""
    genes = {"gene": table["symbol"].to_numpy(), "row": np.arange(len(table))}
    names = pd.DataFrame({"name": identifiers(table[on]), **genes})
    aliases = names.assign(name=_text(table, "aliases").str.split("|").to_numpy()).explode("name")
    aliases["name"] = identifiers(aliases["name"])
    return names, aliases.dropna(subset="name")


def _match(genes: pd.Index, ways: dict[str, pd.DataFrame], ignore_case: bool) -> tuple[np.ndarray, dict[str, int]]:
    """Return the row of each gene, -1 if there is none, and the number of genes found by each kind of name."""
    at, found_by = np.full(len(genes), -1), {}
    for way, known in ways.items():
        for folded in (False, True) if ignore_case else (False,):
            lookup = known.assign(name=known["name"].str.casefold()) if folded else known
            if way == "alias":
                lookup = lookup.drop_duplicates(["name", "gene"]).drop_duplicates("name", keep=False)
            lookup = lookup.drop_duplicates("name").set_index("name")["row"]
            found = lookup.reindex(genes.str.casefold() if folded else genes).fillna(-1).to_numpy(dtype=int)
            found = np.where(at < 0, found, -1)
            found_by[f"{way} in another case" if folded else way] = int((found >= 0).sum())
            at = np.maximum(at, found)
    return at, found_by


def _found(at: np.ndarray, names: pd.DataFrame, n_genes: int) -> tuple[int, int, float]:
    """Return the number of described genes that were found, that are listed, and that could be found."""
    n_listed = names["name"].nunique()
    return len(np.unique(at[at >= 0])), n_listed, float(min(n_listed, n_genes))


def _text(table: pd.DataFrame, column: str) -> pd.Series:
    empty = pd.Series("", index=table.index)
    return table[column].astype(object).fillna("").astype(str).str.strip() if column in table else empty
