"""Conversion of edge tables for other packages."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pandas as pd

from infosem.network._checked_edges import checked_edges, edge_signs

if TYPE_CHECKING:
    import networkx

logger = logging.getLogger(__name__)


def to_networkx(edges: pd.DataFrame) -> networkx.DiGraph:
    """Convert an edge table to a networkx graph.

    Parameters
    ----------
    edges
        Columns ``source``, ``target`` and ``weight``. Other columns become edge attributes.

    Returns
    -------
    A ``networkx.DiGraph``. The node attribute ``is_regulator`` tells whether a node has outgoing edges.

    Raises
    ------
    ValueError
        If a pair is listed more than once, or a column is missing or malformed.
    """
    import networkx as nx

    edges = checked_edges(edges)
    graph = nx.from_pandas_edgelist(edges, edge_attr=True, create_using=nx.DiGraph)
    nx.set_node_attributes(graph, {node: degree > 0 for node, degree in graph.out_degree}, "is_regulator")
    return graph


def to_igraph(edges: pd.DataFrame) -> Any:
    """Convert an edge table to an igraph graph. Requires the package ``igraph``.

    Parameters
    ----------
    edges
        Columns ``source``, ``target`` and ``weight``. Other columns become edge attributes.

    Returns
    -------
    A directed ``igraph.Graph`` with the vertex attributes ``name`` and ``is_regulator``.

    Raises
    ------
    ImportError
        If igraph is not installed.
    ValueError
        If a pair is listed more than once, or a column is missing or malformed.
    """
    try:
        import igraph
    except ImportError as error:
        raise ImportError('igraph is not installed: pip install "infosem[export]".') from error

    edges = checked_edges(edges)
    names = pd.unique(edges[["source", "target"]].to_numpy().ravel())
    at = {name: vertex for vertex, name in enumerate(names)}
    graph = igraph.Graph(
        n=len(names),
        edges=list(zip(edges["source"].map(at), edges["target"].map(at), strict=True)),
        directed=True,
        vertex_attrs={"name": list(names)},
        edge_attrs={name: edges[name].tolist() for name in edges.columns.difference(["source", "target"], sort=False)},
    )
    graph.vs["is_regulator"] = [degree > 0 for degree in graph.outdegree()]
    return graph


def to_decoupler(edges: pd.DataFrame) -> pd.DataFrame:
    """Convert an edge table to a signed network for decoupler, as in ``decoupler.mt.ulm(adata, net)``.

    The activity of a regulator is estimated from all of its edges in the table. Select the edges to use first, for
    example with ``get.network(adata, top=5000)``.

    Parameters
    ----------
    edges
        Columns ``source``, ``target`` and ``weight``. If there is a column ``sign``, edges of sign 0 are left out and
        counted in the log, because it is unknown whether they activate or repress.

    Returns
    -------
    DataFrame with the columns ``source``, ``target`` and ``weight``.

    Raises
    ------
    ValueError
        If a pair is listed more than once, which decoupler does not accept, or if a column is missing or malformed.
    """
    edges = checked_edges(edges)
    signed = edge_signs(edges) != 0
    if not signed.all():
        logger.info("Left out %d of %d edges, which have no sign.", (~signed).sum(), len(edges))
    return edges.loc[signed, ["source", "target", "weight"]].reset_index(drop=True)


def to_pyscenic(edges: pd.DataFrame) -> pd.DataFrame:
    """Convert an edge table to unsigned adjacencies of pySCENIC, for ``pyscenic ctx``.

    Parameters
    ----------
    edges
        Columns ``source``, ``target`` and ``weight``.

    Returns
    -------
    DataFrame with the columns ``TF``, ``target`` and ``importance`` (the absolute weight), in descending order of
    importance.

    Raises
    ------
    ValueError
        If a pair is listed more than once, or a column is missing or malformed.
    """
    edges = checked_edges(edges)
    table = edges[["source", "target"]].assign(importance=edges["weight"].abs()).rename(columns={"source": "TF"})
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)[
        ["TF", "target", "importance"]
    ]
