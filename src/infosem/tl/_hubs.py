"""Which genes the network hangs on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from infosem.get import to_networkx
from infosem.network._edge_tables import checked_edges

if TYPE_CHECKING:
    import networkx

_DEFAULT = ("degree", "strength", "pagerank")


def hubs(edges: pd.DataFrame, *, measures: Sequence[str] = _DEFAULT) -> pd.DataFrame:
    r"""Centralities of the genes of a network.

    Parameters
    ----------
    edges
        Edge table. Every row counts as an edge: threshold it first (:func:`infosem.tl.regulons`, or ``top=``).
    measures
        Any of

        - ``"degree"``: number of edges that leave (``out_degree``) and that enter (``in_degree``) a gene;
        - ``"strength"``: sum of their absolute weights, ``out_strength`` and ``in_strength``;
        - ``"pagerank"``: a regulator is central whose targets are central: PageRank of the network with its edges
          turned around, weighted by :math:`|w|` (Page et al. 1999);
        - ``"betweenness"``: share of the shortest paths that lead through a gene, by number of edges (Freeman 1977);
          slow beyond some thousands of edges.

    Returns
    -------
    A row for each gene, in descending order of the first measure.
    """
    edges = checked_edges(edges)
    unknown = [measure for measure in measures if measure not in _MEASURES]
    if unknown or not measures:
        raise ValueError(f"measures={list(measures)!r} must name some of {', '.join(_MEASURES)}.")
    strength = edges["weight"].abs().astype(float)
    strength = strength.where(strength >= np.finfo(float).tiny, 0.0)  # of less the inverse is infinite, for PageRank
    graph = to_networkx(edges[["source", "target", "weight"]].assign(strength=strength))
    columns = {name: column for measure in measures for name, column in _MEASURES[measure](graph).items()}
    return pd.DataFrame(columns).sort_values(next(iter(columns)), ascending=False, kind="stable")


def _degree(graph: networkx.DiGraph) -> Mapping[str, Mapping[str, float]]:
    return {"out_degree": dict(graph.out_degree), "in_degree": dict(graph.in_degree)}


def _strength(graph: networkx.DiGraph) -> Mapping[str, Mapping[str, float]]:
    return {
        "out_strength": dict(graph.out_degree(weight="strength")),
        "in_strength": dict(graph.in_degree(weight="strength")),
    }


def _pagerank(graph: networkx.DiGraph) -> Mapping[str, Mapping[str, float]]:
    import networkx

    return {"pagerank": networkx.pagerank(graph.reverse(copy=False), weight="strength")}


def _betweenness(graph: networkx.DiGraph) -> Mapping[str, Mapping[str, float]]:
    import networkx

    return {"betweenness": networkx.betweenness_centrality(graph)}


_MEASURES: Mapping[str, Callable[[networkx.DiGraph], Mapping[str, Mapping[str, float]]]] = {
    "degree": _degree,
    "strength": _strength,
    "pagerank": _pagerank,
    "betweenness": _betweenness,
}
