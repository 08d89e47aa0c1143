"""What all figures of the report share: panels side by side, their rows, bars and legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

GREY, BLACK = "#666666", "#222222"


def panels(titles: Sequence[str], size: tuple[float, float], **options: bool) -> tuple[Figure, list[Axes]]:
    """A panel per title, side by side."""
    figure = Figure(figsize=size, layout="constrained")
    axes = list(figure.subplots(1, len(titles), squeeze=False, **options)[0])
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title, fontsize=11)
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def panels_of_rows(titles: Sequence[str], n_rows: int, **options: bool) -> tuple[Figure, list[Axes]]:
    """Panels that share so many rows."""
    figure, axes = panels(titles, (3.4 + 2.5 * len(titles), 1.5 + 0.3 * n_rows), sharey=True, **options)
    for ax in axes:
        ax.tick_params(labelsize=9)
    return figure, axes


def bars(
    ax: Axes, table: pd.DataFrame, methods: Sequence[str], colour: str, *,
    offset: float = 0, height: float = 0.36, label: str | None = None,
) -> None:  # fmt: skip
    """Mean and standard deviation of each method's AUPRC, from zero on."""
    rows = table.set_index("method").reindex(methods)
    y = np.arange(len(methods)) + offset
    ax.barh(y, rows["auprc"], height, color=colour, label=label)
    ax.errorbar(rows["auprc"], y, xerr=rows["auprc_sd"], fmt="none", ecolor=BLACK, elinewidth=0.9, capsize=1.5)


def random_order(ax: Axes, at: float, colour: str = GREY) -> None:
    """A dashed line at what is expected of a random order."""
    ax.axvline(at, color=colour, ls="--", lw=1.2)


def legend(figure: Figure, ax: Axes, *, note: str = "", **options: float) -> None:
    """A legend of one panel above all, where nothing is drawn; a note names the dashed line."""
    if note:
        ax.plot([], [], color=GREY, ls="--", label=note)
    handles, labels = ax.get_legend_handles_labels()
    options = {"ncols": 3, "frameon": False, "fontsize": 9, **options}
    figure.legend(handles, labels, loc="outside upper center", **options)
