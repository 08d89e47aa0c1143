"""Bar plot of gene centralities."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from infosem.data._arguments import whole_number
from infosem.network._checked_edges import checked_edges, edge_signs
from infosem.pl._style import BLUE, SIGNS, legend, name_rows, prepare

_LABELS = {
    "out_degree": "number of targets",
    "in_degree": "number of regulators",
    "out_strength": "sum of |weight| over targets",
    "in_strength": "sum of |weight| over regulators",
    "pagerank": "PageRank",
    "betweenness": "betweenness",
}
_ENDS = {"out": "source", "in": "target"}


def hubs(edges: pd.DataFrame, *, top: int = 20, by: str = "out_strength", ax: Axes | None = None) -> Axes:
    """Plot the most central genes of a network as bars, in descending order.

    Degrees and strengths are split by the sign of the edges, taken from the column ``sign`` or else from the weights.

    Parameters
    ----------
    edges
        Edge table of :meth:`infosem.InfoSEM.get_edges`. All of its edges are counted.
    top
        Number of genes.
    by
        Column of :func:`infosem.tl.hubs`: ``"out_strength"``, ``"out_degree"``, ``"in_strength"``, ``"in_degree"``,
        ``"pagerank"`` or ``"betweenness"``. Genes for which it is zero are not drawn.
    ax
        Axes to draw on.

    Returns
    -------
    The Axes.

    Raises
    ------
    ValueError
        If ``by`` is not one of these columns, ``top`` is not positive, or the centrality is zero for all genes.
    """
    from infosem.tl import hubs as centralities

    edges = checked_edges(edges)
    if by not in _LABELS:
        raise ValueError(f"by={by!r} is not one of {', '.join(map(repr, _LABELS))}.")
    top = whole_number(top, "top", least=1, what="the number of genes to draw")
    direction, _, measure = by.rpartition("_")
    values = centralities(edges, measures=[measure])[by].sort_values(ascending=False, kind="stable")
    values = values[values > 0].head(top)
    if values.empty:
        raise ValueError(f"{by} is zero for all genes of the {len(edges)} edges. Pass more edges, or another by=.")
    ax = prepare(ax, (5, 0.8 + 0.2 * len(values)))
    places = range(len(values))
    if direction in _ENDS:
        drawn = np.zeros(len(values))
        for sign, part in _by_sign(edges, _ENDS[direction], measure, values.index).items():
            label, colour = SIGNS[sign]
            if sign or part.any():  # both signs are always in the legend, "within noise" only if it occurs
                ax.barh(places, part, left=drawn, color=colour, label=label)
            drawn += part.to_numpy()
        legend(ax, loc="lower right")
    else:
        ax.barh(places, values, color=BLUE)
    name_rows(ax, values.index)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(_LABELS[by])
    return ax


def _by_sign(edges: pd.DataFrame, end: str, measure: str, genes: pd.Index) -> dict[int, pd.Series]:
    """Return degree or strength of the genes, separately for the edges of each sign."""
    size = edges["weight"].abs() if measure == "strength" else edges["weight"].ne(0).astype(int)
    signs = edge_signs(edges)
    return {sign: size[signs == sign].groupby(edges[end]).sum().reindex(genes, fill_value=0) for sign in SIGNS}
