"""Shared style of all plots: colours, and text that fits the Axes and is readable on any background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.transforms import ScaledTranslation

BLUE, VERMILION, GREEN, PURPLE, SKY_BLUE, ORANGE, YELLOW = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#f0e442",
)  # fmt: skip
"""Colour-blind safe palette of Okabe and Ito (2008), visible on white and on black."""

GREY = "#888888"
SIGNS = {
    1: ("positive correlation", BLUE),
    -1: ("negative correlation", VERMILION),
    0: ("correlation within noise", GREY),
}
"""Label and colour of edges by sign."""

AS_IT_IS: Mapping[str, Any] = MappingProxyType({"parse_math": False, "usetex": False})
"""Text options for names, in which ``$``, ``_`` and the like are ordinary characters and not a formula."""

DIVERGING = "RdBu"  # blue is positive, as in SIGNS


def prepare(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return the Axes to draw on, by default of a new figure of ``size`` inches, with a font size that fits.

    The font size is 7 points in a journal column (3.3 inches) and 10 in a notebook, at most matplotlib's setting.
    """
    if ax is None:
        import matplotlib.pyplot as plt  # imported here, because benchmarks on a cluster do not need it

        _, ax = plt.subplots(figsize=size, layout="constrained")
    width = ax.get_window_extent().width / ax.figure.dpi
    points = min(float(mpl.rcParams["font.size"]), float(np.clip(5 + 0.8 * width, 7, 10)))
    ax.tick_params(labelsize=points)
    for label in (ax.xaxis.label, ax.yaxis.label, ax.title):
        label.set_fontsize(points)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def text_size(ax: Axes) -> float:
    """Return the font size of prepared Axes, in points."""
    return float(ax.xaxis.label.get_fontsize())


def ink(ax: Axes) -> str:
    """Return the foreground colour of the Axes: the colour of their axis labels."""
    return str(ax.xaxis.label.get_color())


def halo(ax: Axes) -> list[AbstractPathEffect]:
    """Return an outline in the background colour that keeps text readable over the plot."""
    return [withStroke(linewidth=0.25 * text_size(ax), foreground=ax.get_facecolor())]


def sequential(ax: Axes) -> str:
    """Return a perceptually uniform colour map of which both ends stay visible on the background."""
    is_dark = np.dot(to_rgb(ax.get_facecolor()), (0.299, 0.587, 0.114)) < 0.5
    return "viridis_r" if is_dark else "viridis"


def legend(ax: Axes, **options: object) -> None:
    """Add a legend without a frame, in the font size of the Axes."""
    ax.legend(**{"frameon": False, "fontsize": text_size(ax), "handlelength": 1.6, **options})


def legend_below(ax: Axes, **options: object) -> None:
    """Add a legend below the x axis label, clear of the plot and the title."""
    points = 15 + 2.4 * text_size(ax)  # height of ticks, tick labels and axis label
    below = ax.transAxes + ScaledTranslation(0, -points / 72, ax.figure.dpi_scale_trans)
    legend(ax, loc="upper right", bbox_to_anchor=(1, 0), bbox_transform=below, borderaxespad=0, **options)


def written(name: object) -> str:
    """Return a name on one line, with invisible characters such as line breaks escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in str(name)
    )


def name_rows(ax: Axes, names: Sequence[str]) -> None:
    """Label the rows from top to bottom, with space for all even if only some have a bar."""
    ax.set_yticks(range(len(names)), [written(name) for name in names], **AS_IT_IS)
    ax.set_ylim(len(names) - 0.4, -0.6)
