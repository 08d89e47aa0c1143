"""Edge tables as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from infosem._edges import require_edges
from infosem._files import by_ending
from infosem.get._formats import to_networkx


def write(edges: pd.DataFrame, path: str | Path) -> None:
    """Write the edges to a file, in the format that its name ends with.

    Parameters
    ----------
    edges
        Columns ``source``, ``target`` and ``weight``, and any others.
    path
        ``.csv``, ``.tsv`` (or ``.csv.gz``, ``.tsv.gz``), ``.parquet`` (needs the package ``pyarrow``), or ``.graphml``
        for Cytoscape and Gephi.

    Raises
    ------
    ValueError
        If the name ends otherwise.
    """
    require_edges(edges)
    path = Path(path)
    by_ending(path, WRITERS)(edges, path)


def _write_graphml(edges: pd.DataFrame, path: Path) -> None:
    import networkx as nx

    nx.write_graphml(to_networkx(edges), path)


WRITERS: Mapping[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": lambda edges, path: edges.to_csv(path, index=False),
    ".tsv": lambda edges, path: edges.to_csv(path, sep="\t", index=False),
    ".parquet": lambda edges, path: edges.to_parquet(path, index=False),
    ".graphml": _write_graphml,
}
