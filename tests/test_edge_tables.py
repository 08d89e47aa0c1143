"""Edge tables as users have them: every function takes them as it takes plain ones."""

from __future__ import annotations

from decimal import Decimal

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from infosem import get, pl, tl

from .edge_tables import ENDINGS, FUNCTIONS, PAIRS_ONLY, PICTURES, PLAIN


def index(values):
    return PLAIN.set_axis(values, axis=0)


LIKE_PLAIN = {
    "categories": PLAIN.astype({"source": "category", "target": "category"}),
    "categories that are not used": PLAIN.astype(
        {
            "source": pd.CategoricalDtype(["0", "3", "2", "1"]),
            "target": pd.CategoricalDtype(["5", "9", "4", "1"], ordered=True),
        }
    ),
    "categories of numbers": PLAIN.astype({"source": int, "target": int}).astype(
        {"source": "category", "target": "category"}
    ),
    "whole numbers as names": PLAIN.astype({"source": int, "target": "Int64"}),
    "nullable types": PLAIN.convert_dtypes(),
    "types of Arrow": PLAIN.convert_dtypes(dtype_backend="pyarrow"),
    "text of numpy": PLAIN.assign(source=[np.str_(name) for name in PLAIN["source"]]),
    "weights as text": PLAIN.astype({"weight": str, "sign": str, "probability": str}),
    "weights as objects": PLAIN.astype({"weight": object, "sign": object, "probability": object}),
    "weights as decimals": PLAIN.assign(weight=[Decimal(str(weight)) for weight in PLAIN["weight"]]),
    "weights as categories": PLAIN.astype({"weight": "category", "sign": "category", "probability": "category"}),
    "sparse weights": PLAIN.astype({"weight": pd.SparseDtype("float", 0)}),
    "halves": PLAIN.astype({"weight": np.float16}),
    "long doubles": PLAIN.astype({"weight": np.longdouble}),
    "signs that are missing": PLAIN.assign(sign=[1, -1, 1, np.nan, -1]),
    "signs that are None": PLAIN.assign(sign=pd.Series([1, -1, 1, None, -1], dtype=object)),
    "signs of any size": PLAIN.assign(sign=[2, -np.inf, 1, 0, -0.5]),
    "one index for all": index([0] * 5),
    "an index of two levels": index(pd.MultiIndex.from_product([["a"], range(5)], names=["source", "target"])),
    "an index called weight": PLAIN.rename_axis("weight"),
    "an index without values": index([np.nan] * 5),
}


def assert_same(found, expected):
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    else:
        assert found == expected


@pytest.mark.parametrize("name", LIKE_PLAIN)
def test_tables_of_another_kind_are_as_good_as_plain_ones(name, unchanged, tmp_path):
    edges = LIKE_PLAIN[name]
    for function in FUNCTIONS.values():
        assert_same(unchanged(function, edges), function(PLAIN))
    for ending in ENDINGS:
        unchanged(lambda edges, path=tmp_path / f"edges{ending}": get.write(edges, path), edges)
    assert pd.read_csv(tmp_path / "edges.csv", dtype={"source": str, "target": str})["weight"].equals(PLAIN["weight"])
    pd.testing.assert_series_equal(pd.read_parquet(tmp_path / "edges.parquet")["weight"], PLAIN["weight"])
    graph = nx.read_graphml(tmp_path / "edges.graphml")
    assert sorted(graph.edges(data="weight")) == FUNCTIONS["to_networkx"](PLAIN)


@pytest.mark.parametrize("function", [*PICTURES, *PAIRS_ONLY])
def test_tables_of_another_kind_are_drawn_as_plain_ones(function, unchanged):
    draw = {**PICTURES, **PAIRS_ONLY}[function]
    expected = draw(PLAIN)
    for name in (
        "categories that are not used",
        "whole numbers as names",
        "types of Arrow",
        "weights as text",
        "signs that are missing",
        "one index for all",
        "an index of two levels",
    ):
        assert_same(unchanged(draw, LIKE_PLAIN[name]), expected)


def test_known_pairs_need_no_weights_and_may_be_listed_twice(unchanged):
    pairs = PLAIN[["source", "target"]]
    for function in PAIRS_ONLY.values():
        assert_same(unchanged(function, pd.concat([pairs, pairs])), function(pairs))


@pytest.mark.parametrize("empty", [PLAIN.head(0), pd.DataFrame(columns=["source", "target", "weight"])])
@pytest.mark.filterwarnings("error")
def test_no_edges(empty, tmp_path):
    assert tl.regulons(empty).empty
    assert tl.hubs(empty, measures=["degree", "strength", "pagerank", "betweenness"]).empty
    assert tl.compare({"a": empty, "b": PLAIN})["n_shared"].item() == 0
    assert tl.differential_edges(empty, empty).empty
    for convert in (get.to_decoupler, get.to_pyscenic):
        assert convert(empty).empty
    assert get.to_networkx(empty).number_of_nodes() == get.to_igraph(empty).vcount() == 0
    for ending in ENDINGS:
        get.write(empty, tmp_path / f"edges{ending}")
    assert pd.read_parquet(tmp_path / "edges.parquet").empty
    for draw in (pl.network, pl.hubs, pl.heatmap, pl.weights):
        with pytest.raises(ValueError, match="no edge to draw|all genes of the 0 edges"):
            draw(empty)


@pytest.mark.filterwarnings("error")
def test_weights_that_are_all_alike_or_zero():
    for weight in (0, 1, 5e-324):
        edges = PLAIN.assign(weight=weight)
        assert np.isnan(tl.compare({"a": edges, "b": PLAIN})["spearman"].item())
        assert tl.hubs(edges)["pagerank"].sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="All 5 weights of second between shared genes are zero"):
        tl.differential_edges(PLAIN, PLAIN.assign(weight=0))
    with pytest.raises(ValueError, match="All weights of these 1 regulators and 1 targets are zero"):
        pl.heatmap(PLAIN.assign(weight=0), regulators=["1"], targets=["4"])


def test_an_edge_from_a_gene_to_itself():
    edges = pd.DataFrame({"source": ["A", "A"], "target": ["A", "B"], "weight": [1.0, -2.0]})
    assert get.to_networkx(edges).has_edge("A", "A")
    assert tl.hubs(edges).loc["A", ["out_degree", "in_degree"]].tolist() == [2, 1]
    assert {text.get_text() for text in pl.network(edges, ax=Figure().subplots()).texts} == {"A", "B"}
    pl.network(edges.head(1), ax=Figure().subplots()).figure.draw_without_rendering()
