"""Names of genes in the data against names from elsewhere: one rule for every join."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem._checks import require_key

logger = logging.getLogger(__name__)

_FEW, _HALF = 0.1, 0.5
"""Shares of what could match below which a join is an error, and below which a warning."""
CATALOGUE = 100
"""Lists of as many names are no choice for these data, but catalogues of a genome."""
_GENOME = 20_000
_ENOUGH = 5
"""Names that two random choices must share at least, for their number to say what could match."""
_TEXT_OF_MISSING = frozenset({"", "nan", "NaN", "None", "<NA>", "NULL", "null", "N/A"})
_EXCEL = re.compile(
    r"\d{1,2}-(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{1,2}"
    r"|\d{4}-\d{2}-\d{2}( 00:00:00)?",
    re.IGNORECASE,
)
_ENSEMBL = re.compile(r"(ENS[A-Z]*G)\d{6,}(\.\d+)?")


def identifiers(values: Iterable[Any]) -> pd.Index:
    """Names as text without surrounding blanks, NaN where one is missing: a missing name matches nothing."""
    given = pd.Series(list(values), dtype=object)
    text = given.map(str).str.strip().where(given.notna(), np.nan)
    return pd.Index(text.where(text != "", np.nan), dtype=object)


def gene_identifiers(adata: AnnData, gene_key: str | None) -> pd.Index:
    """What identifies each gene, NaN where nothing does: ``var_names``, or the column ``gene_key`` of ``var``."""
    if gene_key is None:
        return identifiers(adata.var_names)
    require_key(adata, "var", gene_key)
    genes = identifiers(adata.var[gene_key])
    # a missing value that was made text, such as by astype(str); the fly's gene "nan" is there once
    lost = genes.isin(_TEXT_OF_MISSING) & genes.duplicated(keep=False)
    return genes.where(~lost, np.nan)


def match(genes: pd.Index, names: pd.Index, *, ignore_case: bool) -> np.ndarray:
    """Position in ``names`` of each of ``genes``, -1 where it is not there or missing.

    Of names that occur more than once the first counts. With ``ignore_case`` a gene that has no exact match takes a
    name that differs in case only.
    """
    found = _positions(genes, names)
    if ignore_case:
        found = np.where(found < 0, _positions(_folded(genes), _folded(names)), found)
    return found


def genes_of(names: pd.Index, genes: pd.Index, *, ignore_case: bool) -> tuple[np.ndarray, np.ndarray]:
    """Every name with every gene that it means: positions in ``names`` and in ``genes``.

    Two genes of one symbol are both meant by it. Names and genes match as in :func:`match`.
    """
    exact = _pairs(names, genes)
    if not ignore_case:
        return exact
    matched = np.zeros(len(genes), dtype=bool)
    matched[exact[1]] = True
    name, gene = _pairs(_folded(names), _folded(genes))
    other = ~matched[gene]
    return np.concatenate([exact[0], name[other]]), np.concatenate([exact[1], gene[other]])


def require_matches(
    adata: AnnData,
    genes: pd.Index,
    names: pd.Index,
    what: str,
    *,
    ignore_case: bool,
    allow_few: bool,
    found: tuple[int, int] | None = None,
) -> None:
    """Raise if next to nothing matched, warn if less than half did, and say what would mend it.

    What could match is every name of a list of fewer than 100. A longer one is a catalogue, and the data a selection
    of genes: of ``n`` names and ``g`` genes what two random choices from a genome of 20,000 share, ``n g / 20,000``,
    where that is five or more.

    Parameters
    ----------
    adata
        The data, for the reason.
    genes, names
        What identifies the genes, and what was listed.
    what
        The listed, for the message.
    ignore_case
        Whether case was ignored already.
    allow_few
        Whether a tenth and less is no error.
    found
        How many were found, and how many were listed, if it is not the names themselves that count.

    Raises
    ------
    ValueError
        If nothing matched, or less than a tenth and ``allow_few`` is not set.
    """
    names = names[names.notna()].unique()
    n_matched = int((match(names, genes, ignore_case=ignore_case) >= 0).sum())
    n_found, n_listed = found or (n_matched, len(names))
    possible = float(n_listed if found else min(n_listed, len(genes)))
    expected = n_listed * len(genes) / _GENOME
    if n_listed >= CATALOGUE and expected >= _ENOUGH:
        possible = min(possible, expected)
    share = n_found / possible if possible else 0.0
    reasons, more = _reasons(adata, genes, names, n_matched, ignore_case)
    of_genes = f"{len(genes):,} genes (such as {_some(genes)})"
    hints = " ".join(reasons) or (
        "Check species and kind of identifier, symbols that were renamed (aliases) and versions of Ensembl ids; "
        "gene_key= names a column of adata.var with other identifiers, ignore_case=True matches Gata1 with GATA1."
    )
    if not n_found:
        none = f"None of the {n_listed:,} {what}"
        such = f" (such as {_some(names)})" if len(names) else ""
        raise ValueError(f"{none}{such} is among the {of_genes}. {hints}")
    text = f"{n_found:,} of {n_listed:,} {what} (such as {_some(names)}) are among the {of_genes}"
    if share < _FEW and not allow_few:
        raise ValueError(f"Only {text}. {hints} If that is all that there is, pass allow_few=True.")
    if share < _HALF or more >= max(1.0, 0.1 * n_matched):
        logger.warning("Only %s. %s", text, hints)


def listed(names: Sequence[str] | pd.Index) -> str:
    """The first five names."""
    return ", ".join(map(str, names[:5])) + (", ..." if len(names) > 5 else "")


def _reasons(
    adata: AnnData, genes: pd.Index, names: pd.Index, n_matched: int, ignore_case: bool
) -> tuple[list[str], int]:
    """Why names may not match, each with what mends it, and the most names that one of them would add."""
    reasons, most = [], 0

    def would_match(these: pd.Index, those: pd.Index, sentence: str) -> None:
        nonlocal most
        more = int((_positions(these.dropna().unique(), those) >= 0).sum()) - n_matched
        if more > 0:
            reasons.append(sentence.format(more=f"{more:,} more match" if more > 1 else "1 more matches"))
            most = max(most, more)

    if not ignore_case:
        would_match(_folded(names), _folded(genes), "In another case {more}: pass ignore_case=True.")
    would_match(
        _unversioned(names),
        _unversioned(genes),
        "Without the versions of Ensembl ids (the part after the dot) {more}: take it off, such as "
        'adata.var_names = adata.var_names.str.replace(r"\\.\\d+$", "", regex=True).',
    )
    columns = {"adata.var_names": (adata.var_names, "leave gene_key= out")} | {
        f"adata.var[{name!r}]": (adata.var[name], f"pass gene_key={name!r}")
        for name in adata.var.columns
        if pd.api.types.is_string_dtype(adata.var[name]) or isinstance(adata.var[name].dtype, pd.CategoricalDtype)
    }
    for where, (column, mend) in columns.items():
        would_match(names, identifiers(column), f"In {where} {{more}}: {mend}.")
    if 2 * n_matched < len(names):
        turn = "Among adata.obs_names {more}: the matrix is genes x cells, and must be turned: adata = adata.T.copy()."
        would_match(names, identifiers(adata.obs_names), turn)
    for these, whose in ((names, "Names"), (genes, "Genes")):
        dates = [name for name in these.dropna() if _EXCEL.fullmatch(name)]
        if dates:
            reasons.append(
                f"{whose} such as {listed(dates[:3])} are dates that Excel made of symbols (1-Mar is MARCHF1 or "
                "MTARC1, 2-Sep is SEPTIN2): mend them in the table."
            )
            most = max(most, len(dates))
    kinds = [{found[1] for name in these.dropna() if (found := _ENSEMBL.fullmatch(name))} for these in (names, genes)]
    if kinds[0] and kinds[1] and kinds[0] != kinds[1]:
        reasons.append(f"They are of different species: {listed(sorted(kinds[0]))} and {listed(sorted(kinds[1]))}.")
    elif bool(kinds[0]) != bool(kinds[1]) and not n_matched:
        these, those = ("names", "genes") if kinds[0] else ("genes", "names")
        reasons.append(
            f"The {these} are Ensembl ids and the {those} are not: gene_key= names a column of adata.var with the same."
        )
    return reasons, most


def _positions(genes: pd.Index, names: pd.Index) -> np.ndarray:
    first = (~names.duplicated() & names.notna()).nonzero()[0]
    if not len(first):
        return np.full(len(genes), -1)
    at = pd.Index(names[first]).get_indexer(genes)
    return np.where(at < 0, -1, first[at])


def _pairs(names: pd.Index, genes: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    tables = [
        pd.DataFrame({"key": np.asarray(index, dtype=object), of: np.arange(len(index))}).dropna(subset="key")
        for index, of in ((names, "name"), (genes, "gene"))
    ]
    both = tables[0].merge(tables[1], on="key")
    return both["name"].to_numpy(dtype=int), both["gene"].to_numpy(dtype=int)


def _folded(names: pd.Index) -> pd.Index:
    return pd.Index([name.casefold() if isinstance(name, str) else name for name in names], dtype=object)


def _unversioned(names: pd.Index) -> pd.Index:
    return pd.Index(
        [
            name.rpartition(".")[0] if isinstance(name, str) and (m := _ENSEMBL.fullmatch(name)) and m[2] else name
            for name in names
        ],
        dtype=object,
    )


def _some(names: pd.Index) -> str:
    return ", ".join(map(str, names.dropna()[:3])) or "none"
