"""Check of how many listed names match genes of the data, with hints for mending mismatches."""

from __future__ import annotations

import logging
import re
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.data._checks import require_columns
from infosem.data._names import ENSEMBL, folded, genes_of, identifiers, listed, match, positions, unversioned

logger = logging.getLogger(__name__)

_FEW, _HALF = 0.1, 0.5
"""Matched shares of the possible matches, below which to raise an error and below which to warn."""
CATALOGUE = 100
"""Number of names from which a list is a catalogue of a genome rather than a choice for these data."""
_GENOME = 20_000
_ENOUGH = 5
"""Minimum overlap expected of two random choices, for this expectation to replace the number of possible matches."""
_EXCEL = re.compile(
    r"\d{1,2}-(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{1,2}"
    r"|\d{4}-\d{2}-\d{2}( 00:00:00)?",
    re.IGNORECASE,
)
_CHECK = "Check species and kind of identifier, symbols that were renamed (aliases) and versions of Ensembl ids"
_ARGUMENTS = (
    "; gene_key= selects a column of adata.var with other identifiers, ignore_case=True matches Gata1 with GATA1."
)


def require_matches(
    adata: AnnData | None,
    genes: pd.Index,
    names: pd.Index,
    what: str,
    *,
    ignore_case: bool | None,
    allow_few: bool,
    found: tuple[int, int, float] | None = None,
) -> None:
    """Raise if too few names matched, warn if fewer than half did, and say what would mend it.

    The matches are compared with the number of possible matches. In a list of fewer than 100 names, every name could
    match. A longer list is treated as a catalogue and the data as a selection of genes. Of ``n`` names and ``g`` genes,
    two random choices from a genome of 20,000 genes would share ``n g / 20,000``, which is then the number of possible
    matches. If the data have so few genes that this is below five, as in a panel, few matches are an error only if a
    mend is found that would double them.

    Parameters
    ----------
    adata
        Data in which to look for reasons of a mismatch. ``None`` if the genes come from another table.
    genes, names
        Identifiers of the genes, and listed names.
    what
        Description of the listed names, for messages.
    ignore_case
        Whether case has been ignored. ``None`` if the caller has no arguments ``ignore_case`` and ``gene_key``.
    allow_few
        Whether to accept that fewer than a tenth of the possible matches were found.
    found
        Numbers of found, listed and possible matches, if they are not those of the names.

    Raises
    ------
    ValueError
        If there are no names, nothing matched, or fewer than a tenth matched and ``allow_few`` is not set.
    """
    names = names[names.notna()].unique()
    if not len(names):
        raise ValueError(f"The {what} hold no name: nothing is listed, or every name is missing.")
    n_matched = int((match(names, genes, ignore_case=bool(ignore_case)) >= 0).sum())
    n_found, n_listed, possible = found or (n_matched, len(names), float(min(len(names), len(genes))))
    reasons, more = _reasons(adata, genes, names, n_matched, ignore_case)
    is_panel = False
    if found is None and n_listed >= CATALOGUE:
        expected = n_listed * len(genes) / _GENOME
        is_panel = expected < _ENOUGH and more < n_matched
        possible = possible if expected < _ENOUGH else min(possible, expected)
    share = n_found / possible if possible else 0.0
    of_genes = f"{len(genes):,} genes (such as {_some(genes)})"
    hints = " ".join(reasons) or _CHECK + ("." if ignore_case is None else _ARGUMENTS)
    if not n_found:
        none = f"None of the {n_listed:,} {what}"
        raise ValueError(f"{none} (such as {_some(names)}) is among the {of_genes}. {hints}")
    text = f"{n_found:,} of {n_listed:,} {what} (such as {_some(names)}) are among the {of_genes}"
    if share < _FEW and not allow_few and not is_panel:
        raise ValueError(f"Only {text}. {hints} If so few matches are expected, pass allow_few=True.")
    if share < _HALF or more >= max(1.0, 0.1 * n_matched):
        logger.warning("Only %s. %s", text, hints)


def warn_if_spelt_otherwise(first: pd.Index, second: pd.Index, what: str) -> None:
    """Warn if two networks would share more genes in another spelling. Sharing few genes is otherwise fine."""
    n_shared = int((positions(second, first) >= 0).sum())
    reasons, more = _reasons(None, first, second, n_shared, None)
    if more >= max(1, n_shared):
        logger.warning("%s share %d genes. %s", what, n_shared, " ".join(reasons))


def matched_pairs(
    adata: AnnData, genes: pd.Index, table: pd.DataFrame, name: str, *, ignore_case: bool | None, allow_few: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return source and target, as positions in ``genes``, of the pairs of a table with both genes in the data.

    If two genes share a name, both get a pair. Errors and warnings are those of :func:`require_matches`, applied to the
    pairs of a short list. In a large database, most pairs are between other genes. Its names are therefore checked
    first, and the number of possible pairs is the one that the matched shares of its sources and of its targets imply.

    Parameters
    ----------
    adata, genes, ignore_case, allow_few
        Arguments of :func:`require_matches`.
    table
        Table with columns ``source`` and ``target``.
    name
        Name of the table, for messages.
    """
    require_columns(table, ("source", "target"), name)
    ends = {end: identifiers(table[end]) for end in ("source", "target")}
    rows = {
        end: pd.DataFrame(dict(zip(("row", end), genes_of(names, genes, ignore_case=bool(ignore_case)), strict=True)))
        for end, names in ends.items()
    }
    pairs = rows["source"].merge(rows["target"], on="row")
    n_found = pairs["row"].nunique()
    names = ends["source"].append(ends["target"])
    there = match(names, genes, ignore_case=bool(ignore_case)) >= 0
    absent = names[~there].dropna().unique()
    options: dict[str, Any] = {"ignore_case": ignore_case, "allow_few": allow_few}
    possible = float(len(table))
    if len(table) >= CATALOGUE:
        require_matches(adata, genes, names, f"names of {name}", **options)
        for end in ends.values():
            possible *= float((match(end.dropna().unique(), genes, ignore_case=bool(ignore_case)) >= 0).mean())
    found = (n_found, len(table), possible)
    require_matches(adata, genes, names, f"pairs of {name}", **options, found=found)
    logger.info(
        "%s: %d of %d pairs have both genes in the data%s.",
        name,
        n_found,
        len(table),
        f"; {len(absent)} names were not found ({listed(absent)})" if len(absent) else "",
    )
    return pairs["source"].to_numpy(), pairs["target"].to_numpy()


def _reasons(
    adata: AnnData | None, genes: pd.Index, names: pd.Index, n_matched: int, ignore_case: bool | None
) -> tuple[list[str], int]:
    """Return possible reasons of a mismatch with their mends, and the largest number of names that a mend would add."""
    reasons, most = [], 0

    def would_match(these: pd.Index, those: pd.Index, sentence: str) -> None:
        nonlocal most
        more = int((positions(these.dropna().unique(), those) >= 0).sum()) - n_matched
        if more > 0:
            reasons.append(sentence.format(more=f"{more:,} more match" if more > 1 else "1 more matches"))
            most = max(most, more)

    if not ignore_case:
        mend = "convert both to one case, with .str.upper()" if ignore_case is None else "pass ignore_case=True"
        would_match(folded(names), folded(genes), f"In another case {{more}}: {mend}.")
    would_match(
        unversioned(names),
        unversioned(genes),
        "Without the versions of Ensembl ids (the part after the dot) {more}: remove them, such as "
        'adata.var_names = adata.var_names.str.replace(r"\\.\\d+$", "", regex=True).',
    )
    if adata is not None and ignore_case is not None:
        for where, (column, mend) in _columns(adata).items():
            would_match(names, identifiers(column), f"In {where} {{more}}: {mend}.")
    if adata is not None and 2 * n_matched < len(names):
        turn = "Among adata.obs_names {more}: the matrix is genes x cells, transpose it: adata = adata.T.copy()."
        would_match(names, identifiers(adata.obs_names), turn)
    for these, whose in ((names, "Names"), (genes, "Genes")):
        dates = [name for name in these.dropna() if _EXCEL.fullmatch(name)]
        if dates:
            reasons.append(
                f"{whose} such as {listed(dates[:3])} are dates that Excel made of symbols (1-Mar is MARCHF1 or "
                "MTARC1, 2-Sep is SEPTIN2): correct them in the table."
            )
            most = max(most, len(dates))
    kinds = [{found[1] for name in these.dropna() if (found := ENSEMBL.fullmatch(name))} for these in (names, genes)]
    if kinds[0] and kinds[1] and kinds[0] != kinds[1]:
        reasons.append(f"They are of different species: {listed(sorted(kinds[0]))} and {listed(sorted(kinds[1]))}.")
    elif bool(kinds[0]) != bool(kinds[1]) and not n_matched:
        these, those = ("names", "genes") if kinds[0] else ("genes", "names")
        mend = "." if ignore_case is None else ": pass gene_key= with a column of matching identifiers."
        reasons.append(f"The {these} are Ensembl ids and the {those} are not{mend}")
    return reasons, most


def _columns(adata: AnnData) -> dict[str, tuple[pd.Series, str]]:
    """Return the other columns that may identify genes, and the argument that selects each."""
    return {"adata.var_names": (adata.var_names, "leave gene_key= out")} | {
        f"adata.var[{name!r}]": (adata.var[name], f"pass gene_key={name!r}")
        for name in adata.var.columns
        if pd.api.types.is_string_dtype(adata.var[name]) or isinstance(adata.var[name].dtype, pd.CategoricalDtype)
    }


def _some(names: pd.Index) -> str:
    return ", ".join(map(str, names.dropna()[:3])) or "none"
