"""The drawn graph, by its artists."""

from __future__ import annotations

import itertools
import logging

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch

from infosem import pl

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


def test_an_edge_without_a_sign_is_neither_positive_nor_negative():
    axes = pl.network(EDGES.assign(sign=[0, -1, 1, 1]))
    colours = [to_hex(arrow.get_edgecolor()) for arrow in arrows(axes)]
    assert sorted(colours.count(colour) for colour in set(colours)) == [1, 1, 2]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["positive correlation", "negative correlation", "correlation within noise"]


def test_a_sign_that_is_not_drawn_is_not_explained():
    axes = pl.network(EDGES[EDGES["weight"] > 0])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["positive correlation"]


def test_weights_close_to_each_other_differ_in_width():
    widths = sorted(arrow.get_linewidth() for arrow in arrows(pl.network(EDGES.assign(weight=[6.0, 6.5, 7.0, 7.2]))))
    assert widths[-1] > 2 * widths[0]


def test_it_draws_where_it_is_told_and_the_same_each_time():
    figure = mpl.figure.Figure()
    axes = figure.subplots()
    assert pl.network(EDGES, ax=axes) is axes
    positions = [text.get_position() for text in axes.texts]
    assert [text.get_position() for text in pl.network(EDGES, ax=mpl.figure.Figure().subplots()).texts] == positions


def test_a_number_of_edges_is_positive():
    with pytest.raises(ValueError, match="top=-1 must be a whole number, 1 or more"):
        pl.network(EDGES, top=-1)


def test_no_edges():
    with pytest.raises(ValueError, match="no edge to draw"):
        pl.network(EDGES.head(0))


def nodes(axes):
    """The colour of every node, by its name."""
    (circles,) = axes.collections
    drawn = zip(circles.get_offsets(), circles.get_facecolors(), strict=True)
    at = {tuple(offset): to_hex(colour) for offset, colour in drawn}
    return {text.get_text(): at[tuple(text.get_position())] for text in axes.texts}


def test_around_chosen_genes(ax):
    edges = pd.DataFrame(
        {
            "source": ["A", "A", "B", "C", "x"],
            "target": ["B", "x", "y", "A", "z"],
            "weight": [0.5, -2.0, 1.0, 0.1, 9.0],
        }
    )
    axes = pl.network(edges, genes=["A"], top=2, ax=ax)
    colours = nodes(axes)
    assert set(colours) == {"A", "B", "x"}  # neither the strongest edge of all nor the third one of A
    assert [name for name, colour in colours.items() if colour == colours["A"]] == ["A"]
    assert "chosen gene" in [text.get_text() for text in axes.get_legend().get_texts()]
    axes = pl.network(edges, genes=["y", "z"], ax=mpl.figure.Figure().subplots())
    assert set(nodes(axes)) == {"B", "y", "x", "z"}  # the edges that enter them


def test_chosen_genes_without_an_edge():
    with pytest.raises(ValueError, match=r"genes=\['Q', 'a'\] have no edge in the table of 4"):
        pl.network(EDGES, genes=["A", "a", "Q"])


def test_a_chosen_gene_that_is_not_among_the_strongest_is_named(ax, caplog):
    with caplog.at_level(logging.WARNING):
        pl.network(EDGES, genes=["A", "B", "C"], top=2, ax=ax)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["C"]


@pytest.mark.parametrize("size", [(3.3, 3.0), (7, 6)])
def test_no_name_is_on_another_or_outside(size):
    star = pd.DataFrame({"source": "REGULATOR", "target": [f"TARGET{n}" for n in range(40)], "weight": 1.0})
    figure = mpl.figure.Figure(figsize=size, layout="constrained")
    axes = pl.network(star, top=None, ax=figure.subplots())
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 41
    assert not any(first.overlaps(second) for first, second in itertools.combinations(boxes, 2))
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_names_can_be_read_on_black():
    with plt.style.context("dark_background"):
        axes = pl.network(EDGES, ax=mpl.figure.Figure().subplots())
    assert {to_hex(text.get_color()) for text in axes.texts} == {"#ffffff"}
    assert {to_hex(text.get_color()) for text in axes.get_legend().get_texts()} == {"#ffffff"}


def test_a_figure_is_made_and_not_shown(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("shown"))
    axes = pl.network(EDGES)
    assert axes.figure.number in plt.get_fignums()
    plt.close(axes.figure)
