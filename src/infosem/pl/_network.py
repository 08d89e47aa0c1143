"""Graph of the strongest edges of a network."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import networkx as nx
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text

from infosem.data._arguments import LARGEST_OF_NUMPY, seed_number, whole_number
from infosem.network._checked_edges import checked_edges, checked_pairs, edge_signs
from infosem.pl._style import AS_IT_IS, GREY, ORANGE, SIGNS, YELLOW, halo, ink, legend, prepare, text_size, written

logger = logging.getLogger(__name__)

_HUB = object()
_REGULATOR, _TARGET, _CHOSEN = YELLOW, "#e8e8e8", ORANGE
_KNOWN = (0, (4, 1.5))
_HEADS = {1: "-|>", -1: "-[,widthB=0.4,lengthB=0", 0: "->"}
_GAP, _N_MOVES = 2.0, 500


def network(
    edges: pd.DataFrame,
    *,
    top: int | None = 40,
    genes: Sequence[str] | None = None,
    known: pd.DataFrame | None = None,
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Plot the strongest edges as a graph.

    Edge widths show weights and edge colours show signs. Regulators are larger than targets.

    Parameters
    ----------
    edges
        Edge table of :meth:`infosem.InfoSEM.get_edges`. Colours follow the column ``sign``, grey for 0; without this
        column they follow the sign of the weight.
    top
        Number of edges to draw. ``None`` draws all.
    genes
        Draw only edges into or out of these genes.
    known
        Known edges (``source``, ``target``), drawn as dashed arrows. Duplicates are allowed.
    seed
        Seed of the layout.
    ax
        Axes to draw on.

    Returns
    -------
    The Axes.

    Raises
    ------
    ValueError
        If ``top`` is not positive, there is nothing to draw, or one of the ``genes`` has no edge.
    """
    edges = checked_edges(edges)
    edges = edges[["source", "target", "weight"]].assign(sign=edge_signs(edges))
    if top is not None:
        top = whole_number(top, "top", least=1, what="the number of edges to draw, None for all of them")
    seed = seed_number(seed, most=LARGEST_OF_NUMPY)
    known_pairs = set() if known is None else set(checked_pairs(known, "known").itertuples(index=False, name=None))
    chosen = [] if genes is None else [genes] if isinstance(genes, str) else [str(gene) for gene in genes]
    if genes is not None:
        edges = _around(edges, chosen)
    drawn = edges.reindex(edges["weight"].abs().sort_values(ascending=False, kind="stable").index).head(top)
    if drawn.empty:
        raise ValueError("There is no edge to draw. Check top=, genes=, and min_weight= of model.get_edges().")
    graph = nx.DiGraph()
    for edge in drawn.itertuples(index=False):
        graph.add_edge(edge.source, edge.target, weight=edge.weight, sign=edge.sign)
    hidden = [gene for gene in chosen if gene not in graph]
    if hidden:
        logger.warning("%s: no edge among the %d strongest. Draw more: top=.", ", ".join(hidden), len(drawn))
    ax = prepare(ax, (8, 7))
    labels = {
        node: ax.text(0, 0, written(node), ha="center", va="center", fontsize=text_size(ax), **AS_IT_IS)
        for node in graph
    }
    _explain(ax, set(drawn["sign"]), has_known=not known_pairs.isdisjoint(graph.edges), has_chosen=bool(chosen))
    diameters = {node: text_size(ax) * (2.4 if graph.out_degree(node) else 1.7) for node in graph}
    position = _spread(ax, _layout(graph, seed), labels, diameters)
    for node, label in labels.items():
        label.set(position=position[node], path_effects=halo(ax), color=ink(ax))
    colours = {node: _REGULATOR if graph.out_degree(node) else _TARGET for node in graph}
    colours.update(dict.fromkeys(set(chosen) & set(graph), _CHOSEN))
    areas = [diameters[node] ** 2 for node in graph]
    nx.draw_networkx_nodes(
        graph, position, node_size=areas, node_color=list(colours.values()), edgecolors=GREY, linewidths=0.8, ax=ax
    )
    width = _widths(drawn["weight"].abs().max(), drawn["weight"].abs().min())
    for source, target, edge in graph.edges(data=True):
        nx.draw_networkx_edges(
            graph,
            position,
            edgelist=[(source, target)],
            width=text_size(ax) * width(abs(edge["weight"])),
            edge_color=SIGNS[edge["sign"]][1],
            style=_KNOWN if (source, target) in known_pairs else "solid",
            arrowstyle=_HEADS[edge["sign"]],
            arrowsize=1.1 * text_size(ax),
            node_size=areas,
            connectionstyle="arc3,rad=0.08",
            alpha=0.85,
            ax=ax,
        )
    ax.set_axis_off()
    return ax


def _widths(strongest: float, weakest: float) -> Callable[[float], float]:
    """Return a map from weight to line width, in units of the text size.

    Evidence is never zero, so that the thinnest line is that of the weakest edge drawn and not of weight zero.
    """
    span = strongest - weakest
    return lambda weight: 0.08 + 0.24 * ((weight - weakest) / span if span > 0 else 0.5)


def _around(edges: pd.DataFrame, genes: list[str]) -> pd.DataFrame:
    """Return the edges into or out of any of the genes."""
    absent = sorted(set(genes) - set(edges["source"]) - set(edges["target"]))
    if absent:
        raise ValueError(
            f"genes={absent} have no edge in the table of {len(edges)}. Check their names, or pass more edges: "
            "model.get_edges() without top= and min_weight=."
        )
    return edges[edges["source"].isin(genes) | edges["target"].isin(genes)]


def _explain(ax: Axes, signs: set[int], *, has_known: bool, has_chosen: bool) -> None:
    """Add a legend below the graph."""
    handles = [
        Line2D([], [], color=colour, lw=2, label=label) for sign, (label, colour) in SIGNS.items() if sign in signs
    ]
    if has_known:
        handles.append(Line2D([], [], color=ink(ax), lw=2, ls=_KNOWN, label="known edge"))
    if has_chosen:
        handles.append(Line2D([], [], ls="", marker="o", mfc=_CHOSEN, mec=GREY, label="chosen gene"))
    legend(ax, handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2, borderaxespad=0)


def _layout(graph: nx.DiGraph, seed: int) -> dict[str, np.ndarray]:
    """Return positions with edges of about equal lengths. A virtual hub holds disconnected components together."""
    undirected = nx.Graph(graph.to_undirected().edges)
    parts = list(nx.connected_components(undirected))
    if len(parts) > 1:
        undirected.add_edges_from((_HUB, max(part, key=undirected.degree), {"weight": 2.0}) for part in parts)
    rough = nx.spring_layout(undirected, seed=seed)
    position = nx.kamada_kawai_layout(undirected, pos=rough)
    return {node: at for node, at in position.items() if node is not _HUB}


def _spread(
    ax: Axes, position: dict[str, np.ndarray], labels: dict[str, Text], diameters: dict[str, float]
) -> dict[str, np.ndarray]:
    """Return positions in points, stretched over the Axes and moved apart until labels do not overlap."""
    ax.figure.figure.draw_without_rendering()  # the layout engine moves the Axes only now
    to_points = 72 / ax.figure.dpi
    extents = [labels[node].get_window_extent() for node in position]
    size = np.array([[extent.width * to_points, extent.height * to_points] for extent in extents])
    size = np.maximum(size, np.array([[diameters[node]] for node in position])) + _GAP
    window = ax.get_window_extent()
    paper = np.array([window.width, window.height]) * to_points
    at = np.array(list(position.values()))
    low, high = at.min(0), at.max(0)
    at = np.where(high > low, (at - low) / np.where(high > low, high - low, 1), 0.5)
    at = size.max(0) / 2 + at * (paper - size.max(0))
    for _ in range(_N_MOVES):
        apart = at[:, None] - at
        overlap = (size[:, None] + size) / 2 - np.abs(apart)
        touches = (overlap > 0).all(2) & ~np.eye(len(at), dtype=bool)
        if not touches.any():
            break
        shortest = overlap == overlap.min(2, keepdims=True)
        side = np.where(apart == 0, np.triu(np.ones((len(at), len(at))))[:, :, None] - 0.5, apart)
        at += (np.sign(side) * overlap * shortest * touches[:, :, None]).sum(1) / 4
        at = np.clip(at, size / 2, paper - size / 2)
    ax.set(xlim=(0, paper[0]), ylim=(0, paper[1]))
    return dict(zip(position, at, strict=True))
