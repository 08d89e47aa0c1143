"""Embeddings from files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from infosem.files._file_kinds import NPY, NPZ, PARQUET, PICKLE
from infosem.files._safe_pickle import read_pickle
from infosem.files._tables import SEPARATORS, by_ending, read_table
from infosem.files._text_files import opened
from infosem.pp._vectors import vectors_of

_ENDINGS = {".npz": NPZ, ".npy": NPY, ".parquet": PARQUET, ".pickle": PICKLE, ".pkl": PICKLE}


def read_embeddings(path: Path) -> Any:
    """Read a table, a mapping or an array from a file. Pickles, too, are read as data and never run code.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file is of another type, damaged, or holds arbitrary objects.
    """
    if path.is_file():
        # an error about the content is more helpful than one about the extension
        with opened(path, *_ENDINGS.values()):
            pass
    read = by_ending(path, _READERS)
    return read(path)


def _read_text(path: Path) -> pd.DataFrame:
    # the prefix keeps pandas from reading the gene NA as a missing value
    options: dict[str, Any] = {"converters": {0: lambda cell: f"={cell.strip()}"}, "may_lack_header": True}
    table = read_table(path, by_ending(path, SEPARATORS), **options)
    title = table.columns[0]
    names = pd.Index(table.iloc[:, 0], name=None if str(title).startswith("Unnamed: ") else title)
    names = names.str.removeprefix("=")
    return table.iloc[:, 1:].set_axis(names)


def _read_parquet(path: Path) -> pd.DataFrame:
    with opened(path, PARQUET) as file:
        try:
            return pd.read_parquet(file)
        except ImportError as error:
            raise ImportError('Parquet needs pyarrow: pip install "infosem[export]".') from error
        except (OSError, ValueError) as error:
            raise ValueError(f"{path.name!r} is not a Parquet table, or is damaged ({error}).") from error


def _read_npz(path: Path) -> pd.DataFrame | np.ndarray | dict[str, np.ndarray]:
    with opened(path, NPZ) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                parts = {}
                for name in archive.namelist():
                    with archive.open(name) as part:
                        parts[name.removesuffix(".npy")] = _array(part, f"{path.name}: {name}")
        except (zipfile.BadZipFile, RuntimeError) as error:
            raise ValueError(f"{path.name!r} is not an archive of arrays, or is damaged ({error}).") from error
    labels = [array for array in parts.values() if array.ndim == 1 and _is_text(array)]
    matrices = [array for array in parts.values() if array.ndim == 2]
    if len(labels) == len(matrices) == 1 and len(labels[0]) == len(matrices[0]):
        names = np.char.decode(labels[0], "utf-8", "replace") if labels[0].dtype.kind == "S" else labels[0].astype(str)
        return pd.DataFrame(matrices[0], index=names)
    return matrices[0] if len(parts) == len(matrices) == 1 else parts


def _read_npy(path: Path) -> Any:
    with opened(path, NPY) as file:
        array = _array(file, path.name)
    return array.item() if array.ndim == 0 else array  # numpy.save stores a dictionary like this


def _read_pickle(path: Path) -> Any:
    with opened(path, PICKLE) as file:
        return read_pickle(file, path.name)


def _array(file: Any, name: str) -> np.ndarray:
    """Read an array in numpy's format. Object arrays, which are pickled, are read safely."""
    try:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, in_fortran_order, kind = header(file)
        if not kind.hasobject:
            return np.frombuffer(file.read(), kind).reshape(shape, order="F" if in_fortran_order else "C")
    except ValueError as error:
        raise ValueError(f"{name} is not a numpy array, or is damaged ({error}).") from error
    objects = read_pickle(file, name)
    if not isinstance(objects, np.ndarray):
        raise ValueError(f"{name} is not a numpy array, or is damaged (it holds a {type(objects).__name__}).")
    if objects.dtype == object and objects.ndim == 1 and not _is_text(objects):
        return _stacked(objects)
    return objects


def _stacked(vectors: np.ndarray) -> np.ndarray:
    """Stack vectors of equal length into a matrix. Return anything else unchanged."""
    try:
        return vectors_of(dict(enumerate(vectors)))
    except ValueError:
        return vectors


def _is_text(array: np.ndarray) -> bool:
    return array.dtype.kind in "US" or (
        array.dtype == object and all(isinstance(value, str) for value in array.ravel().tolist())
    )


_READERS: Mapping[str, Callable[[Path], Any]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".parquet": _read_parquet,
    ".npz": _read_npz,
    ".npy": _read_npy,
    ".pickle": _read_pickle,
    ".pkl": _read_pickle,
}
