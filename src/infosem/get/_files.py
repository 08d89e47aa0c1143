"""Edge tables in files."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from infosem.files._atomic import check_writable, replacing
from infosem.files._tables import by_ending
from infosem.get._graphml import write_graphml
from infosem.network._checked_edges import checked_edges


def write(edges: pd.DataFrame, path: str | Path) -> None:
    """Write edges to a file, in the format given by the extension.

    Writing is atomic: if it fails, an existing file is left unchanged.

    Parameters
    ----------
    edges
        Edge table with columns ``source``, ``target``, ``weight`` and any others. For GraphML each pair may occur only
        once.
    path
        Path of the file, which ends with ``.csv``, ``.tsv``, ``.graphml`` (for Cytoscape and Gephi), or ``.parquet``
        (requires ``pyarrow``). All but Parquet can also be compressed (``.csv.gz``, ...). GraphML cannot hold missing
        values, which are left out; lists, dates and the like are written to it as text.

    Raises
    ------
    ValueError
        If the extension is unknown, or the format cannot hold the values of a column.
    """
    path = Path(path)
    writer = writer_for(path)
    table = checked_edges(edges, unique=False)
    check_writable(path)
    with replacing(path) as temporary, temporary.open("wb") as file:
        try:
            if _is_compressed(path):
                # mtime=0 and the final name keep the time and the temporary name out of the file
                with gzip.GzipFile(path.stem, "wb", fileobj=file, mtime=0) as compressed:
                    writer(table, compressed)
            else:
                writer(table, file)
        except UnicodeEncodeError as error:
            text = error.object[error.start : error.end]
            raise ValueError(
                f"The edges have {text!r}, half a character, which {path.name} cannot hold. Read them with the "
                "encoding that they were written in."
            ) from error


def writer_for(path: Path) -> Callable[[pd.DataFrame, io.BufferedIOBase], None]:
    """Return the writer for a file name, or raise a :class:`ValueError` if the extension is unknown."""
    writer = by_ending(path, _WRITERS)
    if writer is _write_parquet and _is_compressed(path):
        raise ValueError(f"{path.name!r}: Parquet is already compressed. Name it {path.stem!r}.")
    return writer


def _is_compressed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _write_csv(edges: pd.DataFrame, file: io.BufferedIOBase) -> None:
    edges.to_csv(file, index=False)


def _write_tsv(edges: pd.DataFrame, file: io.BufferedIOBase) -> None:
    edges.to_csv(file, sep="\t", index=False)


def _write_parquet(edges: pd.DataFrame, file: io.BufferedIOBase) -> None:
    try:
        import pyarrow  # type: ignore[import-untyped]  # noqa: F401
    except ImportError as error:
        raise ImportError('pyarrow is not installed: pip install "infosem[export]".') from error
    try:
        edges.to_parquet(file, index=False)
    except UnicodeEncodeError:
        raise
    except (TypeError, ValueError, NotImplementedError, OverflowError) as error:
        raise ValueError(
            f"Parquet cannot hold the edges: {error}. Convert columns of other or mixed types to text, "
            'edges.astype({"column": str}), or write .csv.'
        ) from error


_WRITERS: Mapping[str, Callable[[pd.DataFrame, io.BufferedIOBase], None]] = {
    ".csv": _write_csv,
    ".tsv": _write_tsv,
    ".parquet": _write_parquet,
    ".graphml": write_graphml,
}
