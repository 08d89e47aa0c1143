"""Which genes may have targets."""

from __future__ import annotations

import gzip
import logging
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem import _keys
from infosem.pp._matching import gene_identifiers, listed, match, unmatched

logger = logging.getLogger(__name__)


def regulators(
    adata: AnnData,
    source: str | Path | pd.DataFrame | Iterable[str] | Iterable[bool],
    *,
    gene_key: str | None = None,
    ignore_case: bool = False,
    key_added: str = _keys.IS_REGULATOR,
) -> None:
    """Mark the genes that may have targets, transcription factors for instance, in ``var[key_added]``.

    Parameters
    ----------
    adata
        Cells x genes.
    source
        A list of names; a file with one name per line (of a table the first column); an edge table or a file of one,
        whose column ``source`` counts; a boolean mask of the genes, or the name of a boolean column of ``var``.
    gene_key
        Column of ``var`` with the identifiers that ``source`` uses, such as Ensembl ids; by default ``var_names``.
    ignore_case
        Whether names that differ in case only are the same gene: human lists on mouse data.
    key_added
        Key in ``var``.

    Raises
    ------
    FileNotFoundError
        If ``source`` is neither a column of ``var`` nor a file.
    ValueError
        If no gene is a regulator.
    """
    if isinstance(source, str) and source in adata.var.columns:
        adata.var[key_added] = _mask(adata.var[source])
    elif isinstance(source, (np.ndarray, pd.Series)) and len(source) == adata.n_vars and source.dtype == bool:
        adata.var[key_added] = np.asarray(source)
    else:
        names = _names(source)
        genes = gene_identifiers(adata, gene_key)
        adata.var[key_added] = match(genes, names, ignore_case=ignore_case) >= 0
        if not adata.var[key_added].any():
            del adata.var[key_added]
            raise ValueError(unmatched(genes, names, "regulators"))
        absent = names[match(names, genes, ignore_case=ignore_case) < 0].unique()
        logger.info(
            "%d of %d names are genes of the data%s.",
            names.nunique() - len(absent),
            names.nunique(),
            f"; not {listed(absent)}" if len(absent) else "",
        )
    logger.info("%d of %d genes are regulators: adata.var[%r].", adata.var[key_added].sum(), adata.n_vars, key_added)


def _mask(column: pd.Series) -> np.ndarray:
    if not column.dropna().isin([True, False]).all():
        raise ValueError(
            f"adata.var[{column.name!r}] holds {column.dropna().iloc[0]!r}; regulators are true or false. Pass "
            "names instead: adata.var_names[...]."
        )
    mask = column.eq(True).to_numpy(dtype=bool)
    if not mask.any():
        raise ValueError(f"adata.var[{column.name!r}] is false for every gene.")
    return mask


def _names(source: str | Path | pd.DataFrame | Iterable[str]) -> pd.Index:
    if isinstance(source, pd.DataFrame):
        if "source" not in source:
            raise ValueError(
                f"An edge table has a column 'source'; this one has {list(source.columns)}. Rename one first."
            )
        return pd.Index(source["source"].astype(str).unique())
    if isinstance(source, (str, Path)):
        path = Path(source)
        if not path.is_file():
            raise FileNotFoundError(
                f"{str(source)!r} is neither a column of adata.var nor a file. A list of names is passed as a list."
            )
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8-sig") as file:
            rows = [[cell.strip().strip('"') for cell in re.split("[,\t]", line)] for line in file if line.strip()]
        column = rows[0].index("source") if rows and "source" in rows[0] else None
        if column is None:
            return pd.Index([row[0] for row in rows]).unique()
        return pd.Index([row[column] for row in rows[1:]]).unique()
    return pd.Index([str(name) for name in source])
