"""Clustered heatmap of regulators and targets."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.cluster.hierarchy import leaves_list, linkage

from infosem.data._arguments import whole_number
from infosem.network._checked_edges import checked_edges, edge_signs
from infosem.pl._style import AS_IT_IS, DIVERGING, GREY, prepare, text_size, written

_CLIPPED = 0.99


def heatmap(
    edges: pd.DataFrame,
    *,
    regulators: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    n_regulators: int = 30,
    n_targets: int = 60,
    ax: Axes | None = None,
) -> Axes:
    """Plot a clustered heatmap of edge weights, regulators x targets.

    Rows and columns are ordered by average linkage on Euclidean distances, with optimal leaf ordering (`Bar-Joseph et
    al. 2001 <https://doi.org/10.1093/bioinformatics/17.suppl_1.S22>`__). Colours saturate at the 99th percentile of
    the absolute weights shown. An edge with ``sign`` 0 is grey, because its correlation is within noise. If not all
    names fit, only every second, third, ... one is written.

    Parameters
    ----------
    edges
        Edge table of :meth:`infosem.InfoSEM.get_edges`. Pairs that are not listed have weight zero.
    regulators, targets
        Genes in the rows and in the columns. By default those with the largest sums of absolute weights.
    n_regulators, n_targets
        Number of rows and columns chosen by default. Targets are chosen by their weights in the selected rows.
    ax
        Axes to draw on.

    Returns
    -------
    The Axes.

    Raises
    ------
    ValueError
        If a gene in ``regulators`` or ``targets`` has no edge in that role, or there is nothing to draw.
    """
    edges = checked_edges(edges)
    edges = edges.assign(sign=edge_signs(edges))
    n_regulators = whole_number(n_regulators, "n_regulators", least=1)
    n_targets = whole_number(n_targets, "n_targets", least=1)
    rows = _chosen(edges, "source", regulators, n_regulators, "regulators")
    edges = edges[edges["source"].isin(rows)]
    columns = _chosen(edges, "target", targets, n_targets, "targets")
    edges = edges[edges["target"].isin(columns)]
    weights, sign = (
        edges.pivot_table(values, "source", "target", aggfunc="first", fill_value=0).reindex(
            index=rows, columns=columns, fill_value=0
        )
        for values in ("weight", "sign")
    )
    if not weights.any(axis=None):
        raise ValueError(f"All weights of these {len(rows)} regulators and {len(columns)} targets are zero.")
    order = _order(weights.to_numpy()), _order(weights.to_numpy().T)
    without_sign = (weights != 0) & (sign == 0)
    weights, without_sign = weights.iloc[order], without_sign.iloc[order]
    ax = prepare(ax, (8, 5))
    drawn = np.abs(weights.to_numpy())
    limit = np.quantile(drawn[drawn > 0], _CLIPPED)
    image = ax.imshow(
        weights.mask(without_sign),
        cmap=mpl.colormaps[DIVERGING].with_extremes(bad=GREY),
        vmin=-limit,
        vmax=limit,
        aspect="auto",
        interpolation="nearest",
    )
    bar = ax.figure.colorbar(image, ax=ax, extend="both" if drawn.max() > limit else "neither", aspect=30, pad=0.02)
    bar.set_label("weight", fontsize=text_size(ax))
    bar.ax.tick_params(labelsize=text_size(ax))
    bar.outline.set_visible(False)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="target", ylabel="regulator")
    _name(ax, weights)
    return ax


def _chosen(edges: pd.DataFrame, role: str, genes: Sequence[str] | None, n: int, argument: str) -> list[str]:
    """Return the requested genes, by default those with the largest sums of absolute weights."""
    if genes is None:
        strength = edges["weight"].abs().groupby(edges[role]).sum()
        genes = list(strength[strength > 0].sort_values(ascending=False, kind="stable").index[: max(n, 0)])
        if not genes:
            raise ValueError(f"There is no edge to draw. Pass more edges, or n_{argument}={n} larger.")
        return genes
    names = [genes] if isinstance(genes, str) else list(dict.fromkeys(map(str, genes)))
    absent = sorted(set(names) - set(edges[role]))
    if absent or not names:
        of = "the table" if role == "source" else "the regulators that are drawn"
        raise ValueError(
            f"{argument}={absent} are the {role} of none of the {len(edges)} edges of {of}. Check their names, or "
            "pass more edges: model.get_edges() without top= and min_weight=."
        )
    return names


def _order(rows: np.ndarray) -> np.ndarray:
    """Return the leaf order of average-linkage clustering."""
    if len(rows) < 3:
        return np.arange(len(rows))
    return leaves_list(linkage(rows / np.abs(rows).max(), "average", optimal_ordering=True))


def _name(ax: Axes, weights: pd.DataFrame) -> None:
    """Label as many rows and columns as fit."""
    columns, rows = ([written(name) for name in names] for names in (weights.columns, weights.index))
    ax.set_xticks(range(len(columns)), columns, rotation=90, **AS_IT_IS)
    ax.set_yticks(range(len(rows)), rows, **AS_IT_IS)
    ax.tick_params(length=2)
    ax.figure.figure.draw_without_rendering()  # the layout engine moves the Axes only now
    window = ax.get_window_extent()
    line = 1.15 * text_size(ax) * ax.figure.dpi / 72
    for axis, names, room in ((ax.xaxis, columns, window.width), (ax.yaxis, rows, window.height)):
        step = int(np.ceil(line * len(names) / room))
        axis.set_ticks(range(0, len(names), step), names[::step], **AS_IT_IS)
