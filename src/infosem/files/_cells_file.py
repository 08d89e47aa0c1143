"""Reading of h5ad files for the command line, with checks that they can be written again."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import anndata
import h5py
from anndata import AnnData
from anndata.io import write_elem

_PARTS = 10
"""Maximum number of regulators x genes matrices of a network."""
_OTHERS = {
    ".loom": "a loom file. Convert it: scanpy.read_loom(path).write_h5ad('cells.h5ad')",
    ".csv": "a table. Convert it: scanpy.read_csv(path).write_h5ad('cells.h5ad'), of genes x cells with .T in between",
    ".tsv": "a table. Convert it: scanpy.read_text(path).write_h5ad('cells.h5ad'), of genes x cells with .T in between",
    ".mtx": "a matrix without names. Convert its folder: scanpy.read_10x_mtx(folder).write_h5ad('cells.h5ad')",
    ".h5": "a file of Cell Ranger. Convert it: scanpy.read_10x_h5(path).write_h5ad('cells.h5ad')",
    ".h5mu": "a file of several modalities. Take one: mudata.read(path).mod['rna'].write_h5ad('cells.h5ad')",
    ".rds": "an object of R. Convert it there, with zellkonverter::writeH5AD or SeuratDisk",
    ".h5seurat": "an object of Seurat. Convert it in R: SeuratDisk::Convert(path, dest = 'h5ad')",
    ".zarr": "a zarr folder. Convert it: anndata.read_zarr(path).write_h5ad('cells.h5ad')",
}


def read_cells(path: Path) -> AnnData:
    """Read an h5ad file.

    Raises
    ------
    OSError, ValueError
        If the file is missing or not an h5ad file, with its type and how to convert it, or if its content could not be
        written again.
    """
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}. Download remote files first.")
    kind = _kind(path)
    if kind is not None:
        raise ValueError(f"{path} is not an h5ad file, but {_OTHERS[kind]}.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name an h5ad file.")
    if not h5py.is_hdf5(path):
        with path.open("rb") as file:
            start = file.read(8)
        raise ValueError(f"{path} is not an h5ad file: it begins with {start!r}. Is it compressed, or cut off?")
    try:
        adata = anndata.read_h5ad(path)
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as an h5ad file: {error}") from error
    _require_content_that_can_be_written(adata)
    return adata


def require_space(adata: AnnData, path: Path, *, n_regulators: int) -> None:
    """Raise an :class:`OSError` if there is too little space for the cells with a network.

    HDF5 may otherwise crash in the middle of a write. The space is allocated and released, which also detects quotas
    and limits.
    """
    by_pair = 8 * n_regulators * adata.n_vars  # a value and, in a sparse matrix, a column
    needed = 2**20 + int(1.1 * (adata.__sizeof__() + _PARTS * by_pair))
    try:
        with tempfile.TemporaryFile(dir=path.absolute().parent) as file:
            _allocate(file.fileno(), needed)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{path} will take about {needed / 2**20:,.0f} MiB, which are not available ({error.strerror}). Name "
            "another path, or free some space",
        ) from error


def _allocate(file: int, n_bytes: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, n_bytes)
    elif shutil.disk_usage(file).free < n_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _kind(path: Path) -> str | None:
    name = path.name.lower().removesuffix(".gz")
    for ending in _OTHERS:
        if name.endswith(ending):
            return ending
    if path.is_file() and h5py.is_hdf5(path):
        try:
            with h5py.File(path, "r") as file:
                content = set(file)
        except OSError as error:
            raise OSError(f"{path} is a damaged HDF5 file: {error}") from error
        if {"row_attrs", "col_attrs"} <= content:
            return ".loom"
        if "mod" in content:
            return ".h5mu"
        if "matrix" in content:
            return ".h5"
        if not {"obs", "var"} <= content:
            raise ValueError(
                f"{path} is an HDF5 file, but not an AnnData file: it holds {', '.join(sorted(content)) or 'nothing'}."
            )
    return None


def _require_content_that_can_be_written(adata: AnnData) -> None:
    """Raise a :class:`ValueError` before training if a table or note cannot be written, as tested in memory."""
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
                    f"adata.{name} was read, but cannot be written again ({reason}), nor can the network.{column} "
                    "Correct it in Python and write the file again."
                ) from error
