"""Gene centralities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from infosem.get import to_networkx
from infosem.network._checked_edges import checked_edges

if TYPE_CHECKING:
    import networkx

_DEFAULT = ("degree", "strength", "pagerank")


def hubs(edges: pd.DataFrame, *, measures: Sequence[str] = _DEFAULT) -> pd.DataFrame:
    r"""Compute centralities of the genes of a network.

    Parameters
    ----------
    edges
        Edge table. Every row counts as an edge, so threshold it first with :func:`infosem.tl.regulons` or ``top=``.
    measures
        Centralities to compute, any of

        - ``"degree"``: number of outgoing (``out_degree``) and incoming (``in_degree``) edges of a gene;
        - ``"strength"``: sum of their absolute weights, ``out_strength`` and ``in_strength``;
        - ``"pagerank"``: PageRank on the network with reversed edges, weighted by :math:`|w|` (Page et al. 1999), so
          that a regulator is central if its targets are;
        - ``"betweenness"``: share of unweighted shortest paths that pass through a gene (Freeman 1977), slow for more
          than a few thousand edges.

    Returns
    -------
    DataFrame with one row for each gene, in descending order of the first measure.
    """
    edges = checked_edges(edges)
    unknown = [measure for measure in measures if measure not in _MEASURES]
    if unknown or not measures:
        raise ValueError(f"measures={list(measures)!r} must name some of {', '.join(_MEASURES)}.")
    strength = edges["weight"].abs().astype(float)
    strength = strength.where(strength >= np.finfo(float).tiny, 0.0)  # PageRank divides by it, which overflows below
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
