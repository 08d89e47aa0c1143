"""Axes that no window and no later test sees."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

mpl.use("Agg")


@pytest.fixture
def ax() -> Axes:
    """Axes of a figure of its own, as wide as a column of a journal."""
    return Figure(figsize=(3.3, 3.0), layout="constrained").subplots()
