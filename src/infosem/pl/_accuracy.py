"""Plot of the accuracies of a benchmark."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from infosem.pl._style import AS_IT_IS, BLUE, GREY, ink, legend_below, name_rows, prepare

_LABELS = {
    "auprc": "AUPRC",
    "auprc_ratio": "AUPRC / share of edges",
    "auprc_over_random": "AUPRC / AUPRC of a random order",
    "hit1": "Hit@1%",
    "hit1_over_random": "Hit@1% / Hit@1% of a random order",
    "early_precision_ratio": "early precision / random",
    "auroc": "AUROC",
    "regulator_auprc_ratio": "AUPRC within regulators / random",
    "matched_auprc": "degree-matched AUPRC",
}
_RANDOM = {
    "auprc": "random_auprc", "auprc_over_random": 1.0, "hit1": "share", "hit1_over_random": 1.0,
    "early_precision_ratio": 1.0, "auroc": 0.5, "regulator_auprc_ratio": 1.0, "matched_auprc": 0.5,
    "recall1": 0.01, "recall5": 0.05, "recall10": 0.1, "recall50": 0.5,
}  # fmt: skip
"""Expected value of each metric under a random order: a number, or a column of the results of a split."""

_CONTROL = re.compile(r"\b(random|permuted|one-hot|degree)\b", re.IGNORECASE)


def accuracy(
    results: pd.DataFrame,
    *,
    metric: str = "auprc_over_random",
    block: str = "unseen_genes",
    split_kind: str = "unseen_genes",
    controls: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the accuracy of each method on each split, with mean and standard deviation, the best method on top.

    Means and standard deviations come from :func:`infosem.benchmark.summary`. The dashed line marks the expected
    accuracy of a random order.

    Parameters
    ----------
    results
        Table of :func:`infosem.benchmark.compare`, restricted to one network and one data set.
    metric
        A metric of :func:`infosem.benchmark.summary`: a column of the results, or a ratio to a random order.
    block, split_kind
        As in :func:`infosem.benchmark.summary`.
    controls
        Methods to mark as controls. By default those with random, permuted, one-hot or degree in their names.
    ax
        Axes to draw on.

    Returns
    -------
    The Axes.

    Raises
    ------
    ValueError
        If the results hold several networks or data sets, if the metric, the block or a control does not exist, or if
        no split was scored.
    """
    from infosem.benchmark.report._summary import per_split, summary

    for column in ("network", "dataset"):
        names = results[column].unique()
        if len(names) > 1:
            raise ValueError(
                f"The results have several values of {column!r}, {', '.join(map(repr, names))}. Draw one: "
                f"results[results[{column!r}] == {names[0]!r}]."
            )
    means = summary(results, metrics=metric, block=block, split_kind=split_kind)
    means = means.dropna(subset=[metric]).set_index("method")
    if means.empty:
        raise ValueError(f"No split of the block {block!r} has the metric {metric!r}. See results['reason'].")
    methods = list(means.index)
    marked = [name for name in methods if _CONTROL.search(name)] if controls is None else list(controls)
    unknown = sorted(set(marked) - set(results["method"]))
    if unknown:
        raise ValueError(f"controls={unknown} are not methods in these results; there are {', '.join(methods)}.")
    splits = per_split(results, split_kind=split_kind)
    splits = splits[splits["block"] == block]
    ax = prepare(ax, (5.5, 1.2 + 0.28 * len(methods)))
    for y, method in enumerate(methods):
        is_control = method in marked
        own = splits.loc[splits["method"] == method, metric]
        ax.plot(own, y + _beside(len(own)), "o", ms=3, mew=0, alpha=0.6, color=GREY)
        ax.errorbar(
            means.loc[method, metric], y, xerr=means[f"{metric}_sd"].fillna(0)[method], fmt="D" if is_control else "o",
            ms=5, color=ink(ax) if is_control else BLUE, mfc=ax.get_facecolor() if is_control else BLUE, capsize=2,
        )  # fmt: skip
    handles = [
        Line2D([], [], ls="", marker="o", ms=5, color=BLUE, label="mean and sd"),
        Line2D([], [], ls="", marker="o", ms=3, mew=0, alpha=0.6, color=GREY, label="single split"),
    ]
    if set(marked) & set(methods):
        handles.insert(1, Line2D([], [], ls="", marker="D", ms=5, mfc="none", color=ink(ax), label="control"))
    if metric in _RANDOM:
        random = _RANDOM[metric]
        at = random if isinstance(random, float) else splits.drop_duplicates("split")[random].mean()
        handles.append(ax.axvline(at, color=ink(ax), ls="--", lw=1, zorder=0, label="random order"))
    name_rows(ax, methods)
    ax.set_xlabel(_LABELS.get(metric, metric), loc="right", **AS_IT_IS)  # long method names leave little width
    legend_below(ax, handles=handles, ncols=2)
    return ax


def _beside(n: int) -> np.ndarray:
    """Return vertical offsets that keep splits of equal accuracy apart."""
    return np.linspace(-0.22, 0.22, n) if n > 1 else np.zeros(n)
