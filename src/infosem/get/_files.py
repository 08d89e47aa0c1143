"""Edge tables as files."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from infosem.files._atomic import check_writable, replacing
from infosem.files._tables import by_ending
from infosem.get._graphml import write_graphml
from infosem.network._edge_tables import checked_edges


def write(edges: pd.DataFrame, path: str | Path) -> None:
    """Write the edges to a file, in the format that its name ends with.

    The file appears whole or not at all: if it cannot be written, one that is there stays as it was.

    Parameters
    ----------
    edges
        Columns ``source``, ``target`` and ``weight``, and any others. GraphML has each pair once only; the others take
        any table.
    path
        ``.csv``, ``.tsv``, ``.graphml`` for Cytoscape and Gephi (these three also as ``.csv.gz``, ...), or ``.parquet``
        (needs the package ``pyarrow``). GraphML has no missing values, which are left out, and writes lists, dates and
        the like as text.

    Raises
    ------
    ValueError
        If the name ends otherwise, or the format cannot hold what is in a column.
    """
    path = Path(path)
    writer = writer_for(path)
    table = checked_edges(edges, unique=False)
    check_writable(path)
    with replacing(path) as temporary, temporary.open("wb") as file:
        try:
            if _is_compressed(path):
                # without the time and the temporary name, which would be in the file
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
    """What writes a file of this name; raises a :class:`ValueError` if nothing does."""
    writer = by_ending(path, _WRITERS)
    if writer is _write_parquet and _is_compressed(path):
        raise ValueError(f"{path.name!r}: Parquet is compressed as it is. Name it {path.stem!r}.")
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
            f"Parquet cannot hold the edges: {error}. Make a column of other or of several kinds text, "
            'edges.astype({"column": str}), or write .csv.'
        ) from error


_WRITERS: Mapping[str, Callable[[pd.DataFrame, io.BufferedIOBase], None]] = {
    ".csv": _write_csv,
    ".tsv": _write_tsv,
    ".parquet": _write_parquet,
    ".graphml": write_graphml,
}
