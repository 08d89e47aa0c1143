"""Files of cells that the command reads and writes: what they are, and whether they can be written again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import anndata
import h5py
from anndata import AnnData
from anndata.io import write_elem

_OTHERS = {
    ".loom": "a loom file. Convert it: scanpy.read_loom(path).write_h5ad('cells.h5ad')",
    ".csv": "a table. Convert it: scanpy.read_csv(path).write_h5ad('cells.h5ad'), of genes x cells with .T in between",
    ".tsv": "a table. Convert it: scanpy.read_text(path).write_h5ad('cells.h5ad'), of genes x cells with .T in between",
    ".mtx": "a matrix without names. Convert its folder: scanpy.read_10x_mtx(folder).write_h5ad('cells.h5ad')",
    ".h5": "a file of Cell Ranger. Convert it: scanpy.read_10x_h5(path).write_h5ad('cells.h5ad')",
    ".h5mu": "a file of several modalities. Take one: mudata.read(path).mod['rna'].write_h5ad('cells.h5ad')",
    ".rds": "an object of R. Convert it there, with zellkonverter::writeH5AD or SeuratDisk",
    ".zarr": "a zarr folder. Convert it: anndata.read_zarr(path).write_h5ad('cells.h5ad')",
}


def read_cells(path: Path) -> AnnData:
    """The AnnData of an h5ad file.

    Raises
    ------
    OSError, ValueError
        If there is none, with what the file is and how it is converted; or if what it holds could not be written again.
    """
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    kind = _kind(path)
    if kind is not None:
        raise ValueError(f"{path} is no h5ad file, but {_OTHERS[kind]}.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name an h5ad file.")
    if not h5py.is_hdf5(path):
        with path.open("rb") as file:
            start = file.read(8)
        raise ValueError(f"{path} is no h5ad file: it begins with {start!r}. Is it compressed, or cut off?")
    try:
        adata = anndata.read_h5ad(path)
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as an h5ad file: {error}") from error
    _require_content_that_can_be_written(adata)
    return adata


def require_space(adata: AnnData, path: Path, *, n_regulators: int) -> None:
    """Raise an :class:`OSError` if the disk cannot take the cells with a network: HDF5 may crash where it is full."""
    by_pair = 8 * n_regulators * adata.n_vars  # a value and, in a sparse matrix, a column
    needed, free = adata.__sizeof__() + 8 * by_pair, shutil.disk_usage(path.absolute().parent).free
    if needed > free:
        raise OSError(
            f"{path} will take about {needed / 2**20:,.0f} MiB, and its disk has {free / 2**20:,.0f} MiB free. Name "
            "another, or free some."
        )


def _kind(path: Path) -> str | None:
    name = path.name.lower().removesuffix(".gz")
    for ending in _OTHERS:
        if name.endswith(ending):
            return ending
    if path.is_file() and h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            if {"row_attrs", "col_attrs"} <= set(file):
                return ".loom"
            if "mod" in file:
                return ".h5mu"
            if "matrix" in file and "X" not in file:
                return ".h5"
    return None


def _require_content_that_can_be_written(adata: AnnData) -> None:
    """Raise a :class:`ValueError` if a table or note could not be written: tried in memory, before the training."""
    parts: dict[str, Any] = {"obs": adata.obs, "var": adata.var, "uns": dict(adata.uns)}
    if adata.raw is not None:
        parts["raw.var"] = adata.raw.var
    with h5py.File("trial", "w", driver="core", backing_store=False) as file:
        for name, part in parts.items():
            try:
                write_elem(file, name.replace(".", "_"), part)
            except Exception as error:  # whatever anndata and HDF5 raise
                column = (
                    f" Rename its column: adata.{name}.rename(columns={{'_index': 'index'}}, inplace=True)."
                    if "_index" in getattr(part, "columns", ())
                    else ""
                )
                reason = str(error).partition("\n")[0]
                raise ValueError(
                    f"adata.{name} was read, but cannot be written again ({reason}), and the network with it.{column} "
                    "Mend it in Python and write the file anew."
                ) from error
