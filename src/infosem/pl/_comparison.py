"""Two networks against each other."""

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
    """Draw the relative weights of all edges of two networks against each other, and name those that differ most.

    A relative weight is the weight over the mean absolute weight of its network: sizes of weights do not compare
    between models. An edge that a network lacks has a weight of zero there. On the dashed lines an edge is as strong in
    both, with the same sign or with the other.

    Parameters
    ----------
    first, second
        Edge tables of :meth:`infosem.InfoSEM.get_edges`.
    top
        Number of edges to name, of those that differ most by :func:`infosem.tl.differential_edges`; a name for which
        there is no room is left out.
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
    from infosem import tl

    top = whole_number(top, "top", least=0, what="the number of edges to name")
    table = tl.differential_edges(first, second)
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
