"""Histogram of edge weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from infosem.data._arguments import number, whole_number
from infosem.network._checked_edges import checked_edges
from infosem.pl._style import BLUE, GREY, VERMILION, legend_below, prepare

_N_BINS = 60


def weights(
    edges: pd.DataFrame,
    *,
    min_weight: float | None = None,
    top: int | None = None,
    null: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot a histogram of absolute edge weights, with a threshold and the number of edges that pass it.

    Parameters
    ----------
    edges
        Edge table of :meth:`infosem.InfoSEM.get_edges`, usually of all edges.
    min_weight, top
        Threshold, as in :meth:`infosem.InfoSEM.get_edges`.
    null
        Absolute weights of the same number of pairs from permuted expression, ``(n,)``, or from several permutations,
        ``(m, n)``, of which the mean counts are drawn. NaN is ignored.
    ax
        Axes to draw on.

    Returns
    -------
    The Axes.

    Raises
    ------
    ValueError
        If ``edges`` is empty, a threshold is negative, or ``null`` has another shape or holds no number.
    """
    edges = checked_edges(edges)
    size = np.sort(edges["weight"].abs().to_numpy(dtype=float))[::-1]
    if not len(size):
        raise ValueError("There is no edge to draw. Pass model.get_edges() without top= and min_weight=.")
    if min_weight is not None:
        min_weight = number(min_weight, "min_weight", least=0)
    if top is not None:
        top = whole_number(top, "top", least=0)
    permutations = None if null is None else _permutations(null)
    largest = size[0] if permutations is None else max(size[0], np.nanmax(permutations))
    bins = np.linspace(0, largest if largest > 0 else 1, _N_BINS + 1)
    ax = prepare(ax, (5, 3.5))
    if permutations is not None:
        counts = np.histogram(permutations, bins)[0] / len(permutations)
        ax.stairs(counts, bins, fill=True, color=GREY, alpha=0.6, label="permuted expression")
    ax.stairs(np.histogram(size, bins)[0], bins, color=BLUE, lw=1.5, baseline=None, label="edges")
    if min_weight is not None or top is not None:
        n_top = len(size) if top is None else min(top, len(size))
        kept = size[:n_top][size[:n_top] >= (min_weight or 0)]
        weakest = kept[-1] if len(kept) else size[0]
        threshold = weakest if min_weight is None or (top is not None and len(kept) == n_top) else min_weight
        label = f"edges kept: {len(kept):,}"
        if permutations is not None:
            n_null = (permutations >= threshold).sum() / len(permutations)
            label += f" (permuted: {n_null:,.1f})".replace(".0)", ")")
        ax.axvline(threshold, color=VERMILION, ls="--", lw=1.2, label=label)
    ax.set_yscale("log")
    ax.set_ylim(bottom=0.5)
    ax.set_xlim(left=0)
    ax.set(xlabel="|weight|", ylabel="number of edges")
    legend_below(ax)
    return ax


def _permutations(null: ArrayLike) -> np.ndarray:
    """Return the absolute null weights with one row for each permutation."""
    values = np.abs(np.asarray(null, dtype=float))
    if values.ndim not in (1, 2) or not np.isfinite(values).any():
        raise ValueError(
            f"null has the shape {values.shape} and {np.isfinite(values).sum()} numbers. Give the absolute weights of "
            "a permutation, (n,), or of several, (m, n)."
        )
    return np.atleast_2d(values)
