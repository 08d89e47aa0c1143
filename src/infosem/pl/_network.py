"""The strongest edges of a network as a graph."""

from __future__ import annotations

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from infosem._edges import require_edges

_ACTIVATION, _REPRESSION, _KNOWN = "#0072b2", "#d55e00", "#222222"
_HUB = object()
_REGULATOR, _TARGET = "#f0e442", "#e8e8e8"


def network(
    edges: pd.DataFrame,
    *,
    top: int | None = 40,
    known: pd.DataFrame | None = None,
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw the strongest edges: width by weight, colour by sign, regulators larger than targets.

    Parameters
    ----------
    edges
        Edge table of :meth:`infosem.InfoSEM.get_edges`.
    top
        Number of edges to draw; ``None`` for all.
    known
        Known edges (``source``, ``target``); those among the drawn ones get a dashed arrow.
    seed
        Seed of the layout.
    ax
        Axes to draw on.

    Returns
    -------
    The Axes.
    """
    require_edges(edges)
    drawn = edges.reindex(edges["weight"].abs().sort_values(ascending=False, kind="stable").index).head(top)
    if drawn.empty:
        raise ValueError("There is no edge to draw. Check top= and min_weight= of model.get_edges().")
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(drawn[["source", "target", "weight"]].itertuples(index=False))
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 7), layout="constrained")
    position = _layout(graph, seed)
    regulators = [node for node in graph if graph.out_degree(node)]
    targets = [node for node in graph if not graph.out_degree(node)]
    sizes = {node: 700 if graph.out_degree(node) else 350 for node in graph}
    for nodes, colour in ((targets, _TARGET), (regulators, _REGULATOR)):
        nx.draw_networkx_nodes(
            graph,
            position,
            nodelist=nodes,
            node_size=[sizes[node] for node in nodes],
            node_color=colour,
            edgecolors="#555555",
            linewidths=0.8,
            ax=ax,
        )
    known_pairs = set() if known is None else set(zip(known["source"], known["target"], strict=True))
    strongest = drawn["weight"].abs().max()
    for source, target, weight in graph.edges(data="weight"):
        is_known = (source, target) in known_pairs
        nx.draw_networkx_edges(
            graph,
            position,
            edgelist=[(source, target)],
            width=0.8 + 2.4 * abs(weight) / strongest,
            edge_color=_ACTIVATION if weight > 0 else _REPRESSION,
            style="solid" if not is_known else (0, (4, 1.5)),
            arrowstyle="-|>" if weight > 0 else "-[,widthB=0.4,lengthB=0",
            arrowsize=11,
            node_size=[sizes[node] for node in graph],
            connectionstyle="arc3,rad=0.08",
            alpha=0.85,
            ax=ax,
        )
    nx.draw_networkx_labels(graph, position, font_size=8, ax=ax)
    handles = [
        Line2D([], [], color=_ACTIVATION, lw=2, label="positive correlation"),
        Line2D([], [], color=_REPRESSION, lw=2, label="negative correlation"),
    ]
    if known_pairs & set(graph.edges):
        handles.append(Line2D([], [], color=_KNOWN, lw=2, ls=(0, (4, 1.5)), label="known edge"))
    ax.legend(handles=handles, frameon=False, fontsize=8, loc="lower left")
    ax.margins(0.08)
    ax.set_axis_off()
    return ax


def _layout(graph: nx.DiGraph, seed: int) -> dict[str, np.ndarray]:
    """Positions in which edges have about equal lengths; parts that are not connected are held together by a hub."""
    undirected = nx.Graph(graph.to_undirected().edges)
    parts = list(nx.connected_components(undirected))
    if len(parts) > 1:
        undirected.add_edges_from((_HUB, max(part, key=undirected.degree), {"weight": 2.0}) for part in parts)
    rough = nx.spring_layout(undirected, seed=seed)
    position = nx.kamada_kawai_layout(undirected, pos=rough)
    return {node: at for node, at in position.items() if node is not _HUB}
