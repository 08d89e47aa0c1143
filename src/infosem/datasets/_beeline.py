"""Experimental data sets of the BEELINE benchmark."""

from __future__ import annotations

import logging
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pooch
from anndata import AnnData
from scipy import sparse

from infosem.data import _keys
from infosem.data._arguments import whole_number
from infosem.data._checks import require_columns
from infosem.files._cache import cache_folder

logger = logging.getLogger(__name__)

DOI = "10.5281/zenodo.3378975"
ARCHIVE = "https://zenodo.org/records/3701939/files/"
FILES = ("BEELINE-data.zip", "BEELINE-Networks.zip")

LINES = {
    "hESC": ("human", "hESC"),
    "hHep": ("human", "HepG2"),
    "mDC": ("mouse", "mDC"),
    "mESC": ("mouse", "mESC"),
    "mHSC-E": ("mouse", "mHSC"),
    "mHSC-GM": ("mouse", "mHSC"),
    "mHSC-L": ("mouse", "mHSC"),
}
"""Species, and cell type of the ChIP-seq network, for each data set."""

LAYOUT = (
    "inputs/scRNA-Seq/<line>/{ExpressionData,GeneOrdering}.csv (of BEELINE-data.zip), {human,mouse}-tfs.csv and "
    "Networks/{human,mouse}/*-network.csv (of BEELINE-Networks.zip); archives need not be unpacked"
)


def beeline(
    line: str,
    n_genes: int = 500,
    *,
    path: str | Path | None = None,
    cache: str | Path | Literal["auto"] = "auto",
    progress: bool = True,
) -> AnnData:
    """Load one of the seven experimental data sets of the BEELINE benchmark, with its ground truths.

    Genes are selected by the rule of ``generateExpInputs.py`` of BEELINE. Of the :math:`G` genes with an expression and
    a p-value of variation along pseudotime, those with :math:`p < 0.01 / G` pass. All transcription factors that pass
    are kept, and the ``n_genes`` other genes of highest variance among those that pass. As in BEELINE, names must match
    exactly.

    The download has been written from public descriptions of the archive and tested with a local server, not with the
    live archive. Files are not compared with a published checksum; only the checksums of the zip format detect damage.

    Parameters
    ----------
    line
        ``"hESC"``, ``"hHep"``, ``"mDC"``, ``"mESC"``, ``"mHSC-E"``, ``"mHSC-GM"`` or ``"mHSC-L"``, in any case.
    n_genes
        Number of genes in addition to the transcription factors. 500 and 1000 give the published sets TFs+500 and
        TFs+1000.
    path
        Folder with the two archives of BEELINE or their unpacked content. By default the archives are downloaded once
        (280 MB).
    cache
        Folder for downloaded archives. ``"auto"`` is ``~/.cache/infosem/beeline``.
    progress
        Whether to show progress bars.

    Returns
    -------
    AnnData, cells x genes, in the order of the BEELINE files. ``X`` is CSR float32, log-normalised.

    - ``var["is_regulator"]``: transcription factors in the list of BEELINE, and genes with targets in one of the
      networks.
    - ``varp``, CSR float32, row = regulator, 1 for an edge, absent otherwise, no self-loops: ``"chip_cell_specific"``,
      ``"chip_non_specific"``, ``"string"``, and for mESC ``"loss_gain_of_function"``.
    - ``obs``: the columns of ``PseudoTime.csv``, if the file exists.

    Raises
    ------
    OSError
        If the archives cannot be downloaded or are damaged. The message says which files to put where.
    FileNotFoundError
        If a file is missing from the folder.
    ValueError
        If the data set is unknown, or a file has unexpected columns.

    References
    ----------
    Pratapa et al. (2020), Nature Methods 17, 147-154. Data: doi 10.5281/zenodo.3378975, CC-BY-4.0.
    """
    name = {known.casefold(): known for known in LINES}.get(line.casefold())
    if name is None:
        raise ValueError(f"line={line!r} must be one of {', '.join(LINES)}.")
    n_genes = whole_number(n_genes, "n_genes", least=0, what="BEELINE's sets have 500 and 1000")
    if path is None:
        folder = cache_folder(cache, "beeline")
        _download(folder, progress)
    else:
        folder = Path(path)
    species, cells = LINES[name]
    expression = _table(folder, f"inputs/scRNA-Seq/{name}/ExpressionData.csv", index_col=0)
    ordering = _table(folder, f"inputs/scRNA-Seq/{name}/GeneOrdering.csv", index_col=0)
    require_columns(ordering, ("VGAMpValue", "Variance"), "GeneOrdering.csv", hint="This is not a BEELINE file.")
    factors = _table(folder, f"{species}-tfs.csv").iloc[:, 0]
    expression = expression[expression.index.isin(_select(ordering, expression.index, factors, n_genes))]

    adata = AnnData(
        sparse.csr_matrix(expression.to_numpy(dtype=np.float32).T),
        obs=pd.DataFrame(index=expression.columns.astype(str)),
        var=pd.DataFrame(index=pd.Index(expression.index.astype(str), name=None)),
    )
    for key, network in _networks(species, cells).items():
        adata.varp[key] = _truth(_table(folder, f"Networks/{species}/{network}-network.csv"), adata.var_names)
    is_source = sum(truth.getnnz(axis=1) for truth in adata.varp.values()) > 0
    adata.var[_keys.IS_REGULATOR] = adata.var_names.isin(factors) | is_source
    pseudotime = f"inputs/scRNA-Seq/{name}/PseudoTime.csv"
    if any(place.is_file() for place in _places(folder, pseudotime)):
        adata.obs = _table(folder, pseudotime, index_col=0).reindex(adata.obs_names)
    adata.uns["source"] = {"dataset": f"BEELINE {name}, TFs+{n_genes}", "doi": DOI}
    return adata


def _download(folder: Path, progress: bool) -> None:
    """Download missing archives."""
    # Zenodo publishes checksums, but they were not accessible when this was written, so none are compared
    archive = pooch.create(path=folder, base_url=ARCHIVE, registry=dict.fromkeys(FILES))
    for file in FILES:
        try:
            archive.fetch(file, progressbar=progress)
        except OSError as error:  # also what requests raises
            raise OSError(
                f"{file} could not be downloaded from {ARCHIVE} ({error}). Download {' and '.join(FILES)} of "
                f"https://doi.org/{DOI} elsewhere and put them into {folder}, or name their folder: path=."
            ) from error


def _places(folder: Path, file: str) -> Iterator[Path | zipfile.Path]:
    """Return possible places of a BEELINE file, unpacked or in an archive."""
    roots: list[Path | zipfile.Path] = [folder]
    for name in FILES:
        if (folder / name).is_file():
            roots.append(zipfile.Path(folder / name))
    for root in roots:
        for parent in ("", "BEELINE-data/", "BEELINE-Networks/"):
            yield root / f"{parent}{file}"


def _table(folder: Path, file: str, *, index_col: int | None = None) -> pd.DataFrame:
    try:
        for place in _places(folder, file):
            if place.is_file():
                with place.open("rb") as content:
                    return pd.read_csv(content, index_col=index_col)
    except (zipfile.BadZipFile, zlib.error) as error:
        raise OSError(
            f"An archive in {folder} is damaged or not an archive ({error}). Delete {' and '.join(FILES)} there, and "
            "download them again."
        ) from error
    raise FileNotFoundError(f"{file} is not in {folder}. Expected there: {LAYOUT}.")


def _select(ordering: pd.DataFrame, expressed: pd.Index, factors: pd.Series, n_genes: int) -> pd.Index:
    """Select the genes of TFs+n by the rule of BEELINE."""
    ordering = ordering[ordering.index.isin(expressed)]
    varying = ordering[ordering["VGAMpValue"] < 0.01 / len(ordering)]
    is_factor = varying.index.isin(factors)
    others = varying[~is_factor].sort_values("Variance", ascending=False, kind="stable")
    logger.info(
        "%d of %d genes vary along pseudotime: %d transcription factors, and %d others of which %d are kept.",
        len(varying), len(ordering), is_factor.sum(), len(others), min(n_genes, len(others)),
    )  # fmt: skip
    return varying.index[is_factor].union(others.index[:n_genes])


def _networks(species: str, cells: str) -> dict[str, str]:
    """Return the file name of each ground truth, by key."""
    networks = {
        "chip_cell_specific": f"{cells}-ChIP-seq",
        "chip_non_specific": "Non-specific-ChIP-seq" if species == "human" else "Non-Specific-ChIP-seq",
        "string": "STRING",
    }
    return networks | ({"loss_gain_of_function": "mESC-lofgof"} if cells == "mESC" else {})


def _truth(edges: pd.DataFrame, genes: pd.Index) -> sparse.csr_matrix:
    require_columns(edges, ("Gene1", "Gene2"), "the network", hint="This is not a BEELINE file.")
    source, target = genes.get_indexer(edges["Gene1"]), genes.get_indexer(edges["Gene2"])
    kept = (source >= 0) & (target >= 0) & (source != target)
    pairs = np.unique(source[kept] * len(genes) + target[kept])
    shape = (len(genes), len(genes))
    return sparse.csr_matrix((np.ones(len(pairs), dtype=np.float32), np.divmod(pairs, len(genes))), shape=shape)
