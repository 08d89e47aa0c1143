"""The matrix of weights that is drawn, its order and its names."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from infosem import pl


def edges_of(matrix: pd.DataFrame) -> pd.DataFrame:
    table = matrix.rename_axis("source").reset_index().melt("source", var_name="target", value_name="weight")
    return table[table["weight"] != 0]


# rows 0 and 2, and rows 1 and 3, are alike
BLOCKS = pd.DataFrame(
    [[1.0, 0.0, 1.1, 0.0], [0.0, -1.0, 0.0, -1.0], [1.0, 0.0, 1.0, 0.0], [0.0, -1.2, 0.0, -1.0]],
    index=["R0", "R1", "R2", "R3"],
    columns=["t0", "t1", "t2", "t3"],
)


def drawn(axes) -> pd.DataFrame:
    """The matrix with the names of its ticks, all of which fit."""
    (image,) = axes.images
    rows, columns = ([t.get_text() for t in labels] for labels in (axes.get_yticklabels(), axes.get_xticklabels()))
    return pd.DataFrame(np.asarray(image.get_array()), rows, columns)


def test_weights_are_where_their_names_are_and_like_is_beside_like(ax):
    matrix = drawn(pl.heatmap(edges_of(BLOCKS), ax=ax))
    pd.testing.assert_frame_equal(matrix.loc[BLOCKS.index, BLOCKS.columns], BLOCKS)
    for names, alike in ((list(matrix.index), ("R0", "R2")), (list(matrix.columns), ("t1", "t3"))):
        assert abs(names.index(alike[0]) - names.index(alike[1])) == 1


def test_colours_are_centred_at_zero_and_blue_is_positive_as_in_the_graph(ax):
    (image,) = pl.heatmap(edges_of(BLOCKS), ax=ax).images
    low, high = image.get_clim()
    assert low == -high
    red, _, blue = image.cmap(image.norm(1.0))[:3]
    assert blue > red
    assert min(image.cmap(image.norm(0.0))[:3]) > 0.95
    assert len(ax.figure.axes) == 2  # with the colour bar


def test_an_edge_without_a_sign_is_grey(ax):
    edges = edges_of(BLOCKS)
    first = edges.iloc[0]
    edges = edges.assign(sign=np.sign(edges["weight"]).where(edges.index != first.name, 0))
    (image,) = pl.heatmap(edges, ax=ax).images
    rows, columns = ([t.get_text() for t in labels] for labels in (ax.get_yticklabels(), ax.get_xticklabels()))
    masked = np.ma.getmaskarray(np.ma.masked_invalid(image.get_array()))
    assert [(rows[i], columns[j]) for i, j in np.argwhere(masked)] == [(first["source"], first["target"])]
    red, green, blue = image.cmap(np.ma.masked_invalid([np.nan]))[0][:3]
    assert red == green == blue
    assert 0.3 < red < 0.7


def test_the_strongest_rows_and_the_columns_strongest_in_them(ax):
    matrix = pd.DataFrame({"a": [3.0, 0, 0], "b": [0, 2.0, 0], "c": [0.5, 0.5, 1.0]}, index=["R0", "R1", "R2"])
    found = drawn(pl.heatmap(edges_of(matrix), n_regulators=2, n_targets=2, ax=ax))
    assert set(found.index) == {"R0", "R1"}
    assert set(found.columns) == {"a", "b"}  # c is stronger than b only with R2


def test_named_genes(ax):
    found = drawn(pl.heatmap(edges_of(BLOCKS), regulators=["R3", "R0"], targets=["t0"], ax=ax))
    assert found["t0"].to_dict() == {"R3": 0.0, "R0": 1.0}


def test_errors():
    edges = edges_of(BLOCKS)
    with pytest.raises(ValueError, match=r"regulators=\['t0'\] are the source of none of the 8 edges of the table"):
        pl.heatmap(edges, regulators=["R0", "t0"])
    with pytest.raises(ValueError, match=r"targets=\['t1'\] are the target of none of the 2 edges of the regulators"):
        pl.heatmap(edges, regulators=["R0"], targets=["t1"])
    with pytest.raises(ValueError, match="no edge to draw"):
        pl.heatmap(edges.head(0))
    with pytest.raises(ValueError, match="n_regulators=0"):
        pl.heatmap(edges, n_regulators=0)


def test_only_names_that_fit_are_written():
    rng = np.random.default_rng(0)
    names = [f"GENE{n}" for n in range(80)]
    matrix = pd.DataFrame(rng.normal(size=(80, 80)), names, names)
    figure = Figure(figsize=(3.3, 3), layout="constrained")
    axes = pl.heatmap(edges_of(matrix), n_regulators=80, n_targets=80, ax=figure.subplots())
    figure.draw_without_rendering()
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert 5 < len(labels) < 80
        boxes = [label.get_window_extent() for label in labels]
        assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))
    (image,) = axes.images
    shown = np.asarray(image.get_array())
    for tick, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        assert sorted(shown[int(tick)]) == pytest.approx(sorted(matrix.loc[label.get_text()]))
