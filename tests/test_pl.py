"""Plots hold what they should, by the drawn artists."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.patches import FancyArrowPatch

from infosem import pl

mpl.use("Agg")

EDGES = pd.DataFrame({"source": ["A", "A", "B", "C"], "target": ["B", "x", "y", "A"], "weight": [0.5, -2.0, 1.0, 0.1]})


def arrows(axes):
    return [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]


def test_the_strongest_edges_are_drawn():
    axes = pl.network(EDGES, top=2)
    assert {text.get_text() for text in axes.texts} == {"A", "B", "x", "y"}
    widths = sorted(arrow.get_linewidth() for arrow in arrows(axes))
    assert len(widths) == 2
    assert widths[0] < widths[1]


def test_signs_have_colours_and_known_edges_a_style_of_their_own():
    axes = pl.network(EDGES, known=EDGES.head(1))
    drawn = arrows(axes)
    assert len(drawn) == 4
    assert len({arrow.get_edgecolor()[:3] for arrow in drawn}) == 2
    assert len({arrow.get_linestyle() for arrow in drawn}) == 2
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["positive correlation", "negative correlation", "known edge"]


def test_it_draws_where_it_is_told_and_the_same_each_time():
    figure = mpl.figure.Figure()
    axes = figure.subplots()
    assert pl.network(EDGES, ax=axes) is axes
    positions = [text.get_position() for text in axes.texts]
    assert [text.get_position() for text in pl.network(EDGES, ax=mpl.figure.Figure().subplots()).texts] == positions


def test_no_edges():
    with pytest.raises(ValueError, match="no edge to draw"):
        pl.network(EDGES.head(0))
