"""What all plots share: colours, and text that fits the Axes, can be read on any background and is drawn as it is."""

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
"""The palette of Okabe and Ito (2008), which the colour-blind can tell apart; seen on white and on black."""

GREY = "#888888"
SIGNS = {
    1: ("positive correlation", BLUE),
    -1: ("negative correlation", VERMILION),
    0: ("correlation within noise", GREY),
}
"""Name and colour of edges, by their sign."""

AS_IT_IS: Mapping[str, Any] = MappingProxyType({"parse_math": False, "usetex": False})
"""Options of text that holds names: ``$``, ``_`` and the like are characters of a name, not of a formula."""

DIVERGING = "RdBu"  # blue is positive, as in SIGNS


def prepare(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """The Axes to draw on, by default those of a new figure of ``size`` inches, with text that fits them.

    Text has 7 points in a column of a journal (3.3 inches) and 10 in a notebook, but no more than matplotlib is set to.
    """
    if ax is None:
        import matplotlib.pyplot as plt  # here, so that a benchmark on a cluster does without

        _, ax = plt.subplots(figsize=size, layout="constrained")
    width = ax.get_window_extent().width / ax.figure.dpi
    points = min(float(mpl.rcParams["font.size"]), float(np.clip(5 + 0.8 * width, 7, 10)))
    ax.tick_params(labelsize=points)
    for label in (ax.xaxis.label, ax.yaxis.label, ax.title):
        label.set_fontsize(points)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def text_size(ax: Axes) -> float:
    """Points of all text in Axes that were prepared."""
    return float(ax.xaxis.label.get_fontsize())


def ink(ax: Axes) -> str:
    """The colour of text and of lines that are black on white: that of the labels of these Axes."""
    return str(ax.xaxis.label.get_color())


def halo(ax: Axes) -> list[AbstractPathEffect]:
    """A rim in the colour of the background, so that text can be read over what is drawn."""
    return [withStroke(linewidth=0.25 * text_size(ax), foreground=ax.get_facecolor())]


def sequential(ax: Axes) -> str:
    """A perceptually uniform map whose low end differs from the background: few is seen, many too."""
    is_dark = np.dot(to_rgb(ax.get_facecolor()), (0.299, 0.587, 0.114)) < 0.5
    return "viridis_r" if is_dark else "viridis"


def legend(ax: Axes, **options: object) -> None:
    """A legend without a frame, in the size of the other text."""
    ax.legend(**{"frameon": False, "fontsize": text_size(ax), "handlelength": 1.6, **options})


def legend_below(ax: Axes, **options: object) -> None:
    """A legend below the label of the x axis, away from what is drawn and from a title."""
    points = 15 + 2.4 * text_size(ax)  # of ticks, their labels and that of the axis
    below = ax.transAxes + ScaledTranslation(0, -points / 72, ax.figure.dpi_scale_trans)
    legend(ax, loc="upper right", bbox_to_anchor=(1, 0), bbox_transform=below, borderaxespad=0, **options)


def written(name: object) -> str:
    """A name on one line: what cannot be seen in it, such as the end of a line, is written as its escape."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in str(name)
    )


def name_rows(ax: Axes, names: Sequence[str]) -> None:
    """Rows from the first on top to the last, with room for all even if only some have a bar."""
    ax.set_yticks(range(len(names)), [written(name) for name in names], **AS_IT_IS)
    ax.set_ylim(len(names) - 0.4, -0.6)
