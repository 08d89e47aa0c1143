"""Selection of regulators."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.data import _keys
from infosem.data._matches import require_matches
from infosem.data._names import gene_identifiers, identifiers, listed, match
from infosem.data._places import REGULATORS, note, require_place
from infosem.files._name_lists import read_list

logger = logging.getLogger(__name__)


def regulators(
    adata: AnnData,
    source: str | Path | pd.DataFrame | Iterable[str] | Iterable[bool],
    *,
    gene_key: str | None = None,
    ignore_case: bool = False,
    allow_few: bool = False,
    key_added: str = _keys.IS_REGULATOR,
) -> None:
    """Mark the regulators, such as transcription factors, in ``var[key_added]``.

    Only regulators can have outgoing edges in the network.

    Parameters
    ----------
    adata
        Annotated data matrix, cells x genes.
    source
        Regulators, as one of

        - a list of names;
        - a text file with one name per line or all names on one line, or with a table, of which the column with a gene
          title or else the first column is used;
        - an edge table or a file of one, of which the column ``source`` is used;
        - a boolean mask of the genes, or the name of a boolean column of ``var``. A Series is aligned by its index.
    gene_key
        Column of ``var`` with the identifiers that ``source`` uses, such as Ensembl ids. By default ``var_names``.
    ignore_case
        Whether names that differ only in case denote the same gene, as for human lists on mouse data.
    allow_few
        Whether to accept that fewer than a tenth of the names that could match genes of the data do.
    key_added
        Key in ``var`` for the mask, and in ``uns`` for a record of its origin.

    Raises
    ------
    FileNotFoundError
        If ``source`` is neither a column of ``var`` nor a file.
    ValueError
        If no gene is a regulator, or too few names match genes.
    """
    key_added = require_place(adata, "var", key_added, REGULATORS, like=_made_by_hand(key_added))
    if isinstance(source, str) and source in adata.var.columns:
        mask, origin = _mask(adata.var[source], f"adata.var[{source!r}]"), source
    elif not isinstance(source, str | Path | pd.DataFrame) and _is_mask(source := _held(source)):
        mask, origin = _aligned(source, adata), "mask"
    else:
        names = _names(source)
        genes = gene_identifiers(adata, gene_key)
        require_matches(adata, genes, names, "regulators", ignore_case=ignore_case, allow_few=allow_few)
        mask = match(genes, names, ignore_case=ignore_case) >= 0
        origin = Path(source).name if isinstance(source, str | Path) else "names"
        names = names.dropna().unique()
        absent = names[match(names, genes, ignore_case=ignore_case) < 0]
        logger.info(
            "%d of %d names match genes of the data%s.",
            len(names) - len(absent),
            len(names),
            f"; not found: {listed(absent)}" if len(absent) else "",
        )
    adata.var[key_added] = mask
    adata.uns[key_added] = note(
        "pp.regulators",
        REGULATORS,
        source=origin,
        gene_key=gene_key,
        ignore_case=ignore_case,
        n_regulators=int(mask.sum()),
    )
    logger.info("%d of %d genes are regulators: adata.var[%r].", mask.sum(), adata.n_vars, key_added)


def _made_by_hand(key: str) -> Callable[[Any], bool]:
    """Return a test of whether a column may be overwritten: a mask under the default key, such as a manual one."""
    return lambda column: key == _keys.IS_REGULATOR and set(column.dropna()) <= {True, False}


def _held(source: Any) -> pd.Series:
    """Return names or a mask as a Series. A dictionary or Series keeps its names as the index."""
    if isinstance(source, Mapping):
        source = pd.Series(source, dtype=object)
        return source if _is_mask(source) else pd.Series(source.index, dtype=object)
    if source is None or isinstance(source, int | float | bytes):
        raise TypeError(f"source={source!r} must be names, a file or a mask of the genes: adata.var_names[...].")
    if getattr(source, "ndim", 1) > 1:
        raise ValueError(f"source has the shape {source.shape}, expected one name or truth value for each gene.")
    return source if isinstance(source, pd.Series) else pd.Series(list(source), dtype=object)


def _is_mask(source: pd.Series) -> bool:
    """Return whether all values are booleans or 0 and 1. Raise for mixed values and for booleans as text."""
    values = source.dropna()
    boolean = values.map(lambda value: isinstance(value, bool | np.bool_))
    if boolean.any() and not boolean.all():
        raise ValueError(f"Regulators must be either names or booleans, not both: {listed(values.tolist())}.")
    if len(values) and set(values.map(str)) <= {"True", "False"} and not boolean.any():
        raise ValueError("The mask holds the strings 'True' and 'False'. Convert them to booleans: mask == 'True'.")
    zero_or_one = values.map(lambda value: not isinstance(value, str) and value in (0, 1))
    return len(values) > 0 and bool(boolean.all() or zero_or_one.all())


def _aligned(column: pd.Series, adata: AnnData) -> np.ndarray:
    """Return a mask in the order of the genes, aligned by its index if it has one."""
    if column.index.equals(pd.RangeIndex(len(column))):
        if len(column) != adata.n_vars:
            raise ValueError(
                f"The mask has {len(column)} values and the data {adata.n_vars} genes. Pass the names of the "
                "regulators instead, or a Series with the genes as its index."
            )
        column = column.set_axis(adata.var_names)
    missing = adata.var_names.difference(column.index, sort=False)
    if len(missing) or column.index.has_duplicates:
        raise ValueError(
            f"The mask has no value for {len(missing)} of {adata.n_vars} genes ({listed(missing)})"
            f"{' and more than one for some' if column.index.has_duplicates else ''}: its index must be "
            "adata.var_names. Pass the names of the regulators instead."
        )
    return _mask(column.reindex(adata.var_names), "The mask")


def _mask(column: pd.Series, name: str) -> np.ndarray:
    if not column.dropna().isin([True, False]).all():
        raise ValueError(
            f"{name} holds {column.dropna().iloc[0]!r}; regulators are true or false. Pass names instead: "
            "adata.var_names[...]."
        )
    mask = column.eq(True).fillna(False).to_numpy(dtype=bool)
    if not mask.any():
        raise ValueError(f"{name} is false for every gene.")
    return mask


def _names(source: str | Path | pd.DataFrame | Iterable[str]) -> pd.Index:
    if isinstance(source, pd.DataFrame):
        if "source" not in source and source.shape[1] != 1:
            raise ValueError(
                f"An edge table has a column 'source'; this one has {list(source.columns)}. Rename one first, or pass "
                "the column with the names alone."
            )
        return identifiers(source["source"] if "source" in source else source.iloc[:, 0])
    if isinstance(source, (str, Path)):
        path = Path(source)
        if not path.exists():
            raise FileNotFoundError(
                f"{str(source)!r} is neither a column of adata.var nor a file. A list of names is passed as a list."
            )
        return identifiers(read_list(path))
    return identifiers(source)
