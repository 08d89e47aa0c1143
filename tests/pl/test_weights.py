"""The distribution of weights, its threshold and its null."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from infosem import pl

SIZES = np.arange(1, 101) / 100
EDGES = pd.DataFrame({"source": "A", "target": [f"t{n}" for n in range(100)], "weight": SIZES * np.tile([1, -1], 50)})


def counts(axes, place=-1):
    return axes.patches[place].get_data()[0]


def entries(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_counts_of_absolute_weights(ax):
    pl.weights(EDGES, ax=ax)
    values, edges, _ = ax.patches[0].get_data()
    assert values.sum() == 100
    assert edges[0] == 0
    assert values[edges[:-1] >= 0.5].sum() == pytest.approx(51, abs=2)
    assert ax.get_yscale() == "log"
    assert entries(ax) == ["edges"]


def test_legend_is_clear(ax, require_clear_legend):
    pl.weights(EDGES, top=10, ax=ax)
    require_clear_legend()


@pytest.mark.parametrize(
    ("options", "line", "kept"),
    [
        ({"min_weight": 0.805}, 0.805, 20),
        ({"top": 10}, 0.91, 10),
        ({"min_weight": 0.805, "top": 10}, 0.91, 10),
        ({"min_weight": 0.955, "top": 10}, 0.955, 5),
        ({"min_weight": 2.0}, 2.0, 0),
        ({"top": 1000}, 0.01, 100),
        ({"top": 0}, 1.0, 0),
    ],
)
def test_threshold_and_what_it_keeps(ax, options, line, kept):
    pl.weights(EDGES, **options, ax=ax)
    (threshold,) = ax.lines
    assert list(threshold.get_xdata()) == [pytest.approx(line)] * 2
    assert f"edges kept: {kept}" in entries(ax)


def test_null_of_several_permutations_is_their_mean(ax):
    null = np.array([[0.1, 0.2, 0.9, np.nan], [0.1, 0.2, -0.3, 0.4]])
    pl.weights(EDGES, min_weight=0.85, null=null, ax=ax)
    assert counts(ax, 0).sum() == 3.5
    assert counts(ax, 1).sum() == 100
    assert entries(ax) == ["permuted expression", "edges", "edges kept: 16 (permuted: 0.5)"]


def test_null_of_one_permutation_may_reach_further_than_the_weights(ax):
    pl.weights(EDGES, top=1, null=[0.5, 3.0], ax=ax)
    assert counts(ax, 0).sum() == 2
    assert entries(ax)[-1] == "edges kept: 1 (permuted: 1)"


def test_errors():
    with pytest.raises(ValueError, match="no edge to draw"):
        pl.weights(EDGES.head(0))
    with pytest.raises(ValueError, match="min_weight=-1 must be a number, 0 or more"):
        pl.weights(EDGES, min_weight=-1)
    for null in ([], np.zeros((2, 2, 2)), [np.nan]):
        with pytest.raises(ValueError, match="null has the shape"):
            pl.weights(EDGES, null=null)
