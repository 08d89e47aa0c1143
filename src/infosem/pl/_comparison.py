"""Scatter plot of two networks."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from infosem.data._arguments import whole_number
from infosem.pl._labels import name_points
from infosem.pl._style import AS_IT_IS, GREY, VERMILION, prepare, written


def comparison(
    first: pd.DataFrame,
    second: pd.DataFrame,
    *,
    top: int = 10,
    label: tuple[str, str] = ("first", "second"),
    ax: Axes | None = None,
) -> Axes:
    """Plot the relative edge weights of two networks against each other and label the edges that differ most.

    The relative weight of an edge is its weight divided by the mean absolute weight of its network, because absolute
    sizes are not comparable between models. An edge that one network lacks has weight zero there. Along the dashed
    lines an edge is equally strong in both networks, with the same or with opposite signs.

    Parameters
    ----------
    first, second
        Edge tables of :meth:`infosem.InfoSEM.get_edges`.
    top
        Number of edges to label: those that differ most according to :func:`infosem.tl.differential_edges`. Labels that
        do not fit are left out.
    label
        Names of the two networks.
    ax
        Axes to draw on.

    Returns
    -------
    The Axes.

    Raises
    ------
    ValueError
        If ``top`` is negative, or both networks are empty.
    """
    from infosem.tl import differential_edges

    top = whole_number(top, "top", least=0, what="the number of edges to name")
    table = differential_edges(first, second)
    if table.empty:
        raise ValueError("There is no edge to draw. Check top= and min_weight= of model.get_edges().")
    points = table[["relative_first", "relative_second"]].to_numpy(dtype=float)
    ax = prepare(ax, (5.5, 5))
    ax.plot(*points[top:].T, ".", color=GREY, ms=2.5, mew=0, alpha=0.6, rasterized=True)
    ax.plot(*points[:top].T, "o", color=VERMILION, ms=3.5, mew=0)
    for slope in (1, -1):
        ax.axline((0, 0), slope=slope, color=GREY, lw=0.8, ls="--", zorder=1)
    ax.margins(0.12)
    for axis, network in zip((ax.xaxis, ax.yaxis), label, strict=True):
        axis.set_label_text(f"relative weight, {written(network)}", **AS_IT_IS)
    pairs = table[["source", "target"]].head(top).itertuples(index=False)
    name_points(ax, points, [" \N{RIGHTWARDS ARROW} ".join(map(written, pair)) for pair in pairs])
    return ax
