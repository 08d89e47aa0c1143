"""Axes that no window and no later test sees."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

mpl.use("Agg")


@pytest.fixture
def ax() -> Axes:
    """Axes of a figure of its own, as wide as a column of a journal."""
    return Figure(figsize=(3.3, 3.0), layout="constrained").subplots()


@pytest.fixture
def require_clear_legend(ax: Axes) -> Callable[[], None]:
    """Fails if the legend lies over what is drawn, a label, or a title that somebody sets."""

    def require() -> None:
        ax.set_title("A title that goes from one end to the other")
        ax.figure.draw_without_rendering()
        legend = ax.get_legend().get_window_extent()
        for other in (ax.patch, ax.title, ax.xaxis.label, *ax.get_xticklabels()):
            assert not legend.overlaps(other.get_window_extent()), other
        assert legend.y0 >= 0, "it is inside the figure"

    return require
