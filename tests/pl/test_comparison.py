"""Two networks against each other, and names beside points."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infosem import pl
from infosem.pl._labels import name_points
from infosem.pl._style import prepare

FIRST = pd.DataFrame({"source": ["A", "A", "B", "B"], "target": ["x", "y", "x", "y"], "weight": [1.0, -2.0, 3.0, 2.0]})
SECOND = pd.DataFrame({"source": ["A", "A", "B"], "target": ["x", "y", "y"], "weight": [0.1, -0.2, 0.9]})


def test_relative_weights_and_the_names_of_the_most_different(ax: Axes) -> None:
    assert pl.comparison(FIRST, SECOND, top=2, label=("rest", "stimulus"), ax=ax) is ax
    others, named = (set(map(tuple, np.round(line.get_xydata(), 6))) for line in ax.lines[:2])
    # over the means 2 and 0.4
    assert named == {(1.5, 0.0), (1.0, 2.25)}
    assert others == {(0.5, 0.25), (-1.0, -0.5)}
    assert {text.get_text() for text in ax.texts} == {"B \N{RIGHTWARDS ARROW} x", "B \N{RIGHTWARDS ARROW} y"}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("relative weight, rest", "relative weight, stimulus")
    assert [line.get_slope() for line in ax.lines[2:]] == [1, -1]


def test_errors() -> None:
    with pytest.raises(ValueError, match="top=-1"):
        pl.comparison(FIRST, SECOND, top=-1)
    with pytest.raises(ValueError, match="lacks the columns"):
        pl.comparison(FIRST, SECOND[["source", "target"]])
    with pytest.raises(ValueError, match="no edge to draw"):
        pl.comparison(FIRST.head(0), SECOND.head(0))


@pytest.mark.parametrize("size", [(3.3, 3.0), (7, 6)])
def test_names_stand_apart_inside_and_where_no_point_is(size: tuple[float, float]) -> None:
    figure = Figure(figsize=size, layout="constrained")
    ax = prepare(figure.subplots(), size)
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal([2, 0], 0.1, (8, 2)), rng.normal(0, 0.3, (3000, 2))])
    ax.plot(*points.T, ".")
    ax.margins(0.3)
    texts = name_points(ax, points, [f"GENE{n} to GENE{n}" for n in range(8)])
    assert len(texts) == 8
    figure.draw_without_rendering()
    boxes = [super(type(text), text).get_window_extent() for text in texts]  # without the line
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    room = ax.get_window_extent()
    assert all(room.x0 <= box.x0 and box.x1 <= room.x1 and room.y0 <= box.y0 and box.y1 <= room.y1 for box in boxes)
    pixels = ax.transData.transform(points)
    assert not any(box.count_contains(pixels) for box in boxes)


def test_names_without_room_are_left_out(ax: Axes) -> None:
    ax = prepare(ax, (1, 1))
    points = np.zeros((200, 2))
    texts = name_points(ax, points, [f"A LONG NAME {n}" for n in range(200)])
    assert 1 < len(texts) < 200
    assert len(ax.texts) == len(texts)
