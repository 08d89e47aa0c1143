"""Bars of the regulators."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from infosem import pl

EDGES = pd.DataFrame(
    {
        "source": ["A", "A", "A", "B", "B", "C"],
        "target": ["B", "x", "y", "x", "y", "x"],
        "weight": [0.5, -2.0, 1.0, 4.0, 0.25, -0.1],
    }
)


def bars(axes):
    """Of every row from the top: colour, start and length of its parts that can be seen."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    rows = {name: [] for name in names}
    for bar in axes.patches:
        if bar.get_width():
            row = names[round(bar.get_y() + bar.get_height() / 2)]
            rows[row].append((to_hex(bar.get_facecolor()), round(bar.get_x(), 6), round(bar.get_width(), 6)))
    return rows


def test_strengths_by_sign(ax):
    assert pl.hubs(EDGES, ax=ax) is ax
    rows = bars(ax)
    blue, red = rows["A"][0][0], rows["A"][1][0]
    assert blue != red
    assert rows == {
        "B": [(blue, 0, 4.25)],
        "A": [(blue, 0, 1.5), (red, 1.5, 2.0)],
        "C": [(red, 0, 0.1)],
    }
    assert list(rows) == ["B", "A", "C"]
    bottom, top = ax.get_ylim()
    assert bottom > top  # the first row is above
    legend = {text.get_text(): to_hex(patch.get_facecolor()) for text, patch in _entries(ax)}
    assert legend == {"positive correlation": blue, "negative correlation": red}


def test_edges_without_a_sign_have_a_bar_of_their_own(ax):
    rows = bars(pl.hubs(EDGES.assign(sign=[0, -1, 1, 0, 1, -1]), ax=ax))
    assert [length for _, _, length in rows["A"]] == [1.0, 2.0, 0.5]
    assert [length for _, _, length in rows["B"]] == [0.25, 4.0]
    assert rows["A"][2][0] == rows["B"][1][0]
    assert len({colour for colour, _, _ in rows["A"]}) == 3
    assert "correlation within noise" in [text.get_text() for text, _ in _entries(ax)]


def _entries(axes):
    legend = axes.get_legend()
    return zip(legend.get_texts(), legend.get_patches(), strict=True)


def test_degrees_by_sign(ax):
    rows = bars(pl.hubs(EDGES, by="out_degree", top=2, ax=ax))
    assert {name: [part[1:] for part in parts] for name, parts in rows.items()} == {
        "A": [(0, 2), (2, 1)],
        "B": [(0, 2)],
    }


def test_targets_are_split_by_the_edges_that_enter(ax):
    rows = bars(pl.hubs(EDGES, by="in_strength", ax=ax))
    assert [part[1:] for part in rows["x"]] == [(0, 4.0), (4.0, 2.1)]
    assert list(rows) == ["x", "y", "B"]


@pytest.mark.parametrize(("by", "first"), [("pagerank", "A"), ("betweenness", "B")])
def test_other_measures_have_one_bar(ax, by, first):
    chain = pd.DataFrame({"source": ["A", "A", "B"], "target": ["B", "y", "x"], "weight": [1.0, 1.0, -1.0]})
    rows = bars(pl.hubs(chain, by=by, ax=ax))
    assert next(iter(rows)) == first
    assert all(len(parts) == 1 for parts in rows.values())
    assert ax.get_legend() is None


def test_errors():
    with pytest.raises(ValueError, match="by='degree' is not one of 'out_degree'"):
        pl.hubs(EDGES, by="degree")
    with pytest.raises(ValueError, match="top=0 must be a whole number, 1 or more"):
        pl.hubs(EDGES, top=0)
    with pytest.raises(ValueError, match="betweenness is zero for all genes of the 2 edges"):
        pl.hubs(EDGES[1:3], by="betweenness")
    with pytest.raises(ValueError, match="lacks the columns"):
        pl.hubs(EDGES[["source"]])
