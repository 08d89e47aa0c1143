"""Edge tables as users have them: every function takes them as it takes plain ones, or names what is wrong."""

from __future__ import annotations

import re
import traceback
from decimal import Decimal
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

import infosem
from infosem import get, pl, tl

PLAIN = pd.DataFrame(
    [
        ("1", "4", 0.75, 1, 0.9),
        ("1", "5", -0.5, -1, 0.2),
        ("2", "1", 0.5, 1, 0.8),
        ("3", "5", 0.25, 0, 0.7),
        ("2", "4", -0.125, -1, 0.6),
    ],
    columns=["source", "target", "weight", "sign", "probability"],
)
OTHER = PLAIN.assign(weight=PLAIN["weight"] ** 2 + 1)


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
EXTRA = {
    "None": [None, "x", None, "y", None],
    "nothing": [None] * 5,
    "lists": [[1], ["a"], [], None, [2]],
    "dicts": [{"a": {"b": 1}}, {}, None, {"c": 2}, {}],
    "bools": [True, None, False, True, None],
    "dates": pd.date_range("2020", periods=5, tz="UTC"),
    "no times": [pd.NaT] * 5,
    "several kinds": [1, "a", None, 2.5, True],
    "objects": [object()] * 5,
    "bytes": [b"\xff"] * 5,
    "large numbers": [10**30] * 5,
    "complex numbers": np.ones(5) * 1j,
    "infinite numbers": [np.inf, -np.inf, np.nan, 0, 1],
    "categories": pd.Categorical(["a", None, "b", "a", "a"]),
    "nullable numbers": pd.array([1, None, 2, 3, 4], dtype="Int64"),
    "tables": [PLAIN] * 5,
    "intervals": pd.cut(range(5), 2),
}
NOT_IN_PARQUET = {
    "intervals", "large numbers", "lists", "complex numbers", "objects", "several kinds", "tables"
}  # fmt: skip
REFUSED = {
    "no table": (PLAIN.to_dict(), "edges must be a DataFrame with the columns source, target, weight, not dict"),
    "pairs as index": (PLAIN.set_index(["source", "target"]), r"lacks the columns \['source', 'target'\].*index"),
    "no weights": (PLAIN.drop(columns="weight"), r"lacks the columns \['weight'\]"),
    "two weights": (pd.concat([PLAIN, PLAIN[["weight"]]], axis=1), r"\['weight'\] more than once"),
    "a further column twice": (pd.concat([PLAIN, PLAIN[["sign"]]], axis=1), r"\['sign'\] more than once"),
    "a number as column": (PLAIN.assign(**{"0": 1}).rename(columns={"0": 0}), "column 0, whose name is not text"),
    "a source that is NaN": (PLAIN.assign(source=["1", np.nan, "2", "3", "2"]), r"no source in 1 of 5.*iloc\[1\]"),
    "a target that is None": (PLAIN.assign(target=["4", "5", None, "5", None]), r"no target in 2 of 5.*iloc\[2\]"),
    "a category that is missing": (
        PLAIN.assign(source=pd.Categorical(["1", None, "2", "3", "2"])), r"no source in 1 of 5",
    ),
    "an empty source": (PLAIN.assign(source=["1", "1", "", "3", "2"]), r"empty source in 1 of 5.*iloc\[2\]"),
    "floating-point names": (PLAIN.astype({"source": float}), r"iloc\[0\] has source=1.0"),
    "lists as names": (PLAIN.assign(target=[["4"]] * 5), r"iloc\[0\] has target=\['4'\]"),
    "bytes as names": (PLAIN.assign(target=[b"4"] * 5), r"iloc\[0\] has target=b'4'"),
    "truth values as names": (PLAIN.assign(source=[True, True, False, True, False]), "has source=True"),
    "a weight that is text": (PLAIN.assign(weight=["1", "2", "high", "3", "4"]), r"iloc\[2\] has weight='high'"),
    "decimal commas": (PLAIN.assign(weight=["0,5"] * 5), "has weight='0,5'"),
    "lists as weights": (PLAIN.assign(weight=[[1.0]] * 5), r"has weight=\[1.0\]"),
    "complex weights": (PLAIN.assign(weight=np.ones(5) * 1j), "has weight=1j"),
    "dates as weights": (PLAIN.assign(weight=pd.date_range("2020", periods=5)), "has weight=Timestamp"),
    "a weight that is NaN": (PLAIN.assign(weight=[1, np.nan, 2, 3, 4]), r"1 rows .*iloc\[1\] with weight=nan"),
    "a weight of Arrow that is missing": (
        PLAIN.assign(weight=pd.array([1, None, 2, 3, 4.0], dtype="double[pyarrow]")), "weight=<NA>",
    ),
    "an infinite weight": (PLAIN.assign(weight=[1, 2, -np.inf, 3, 4]), r"iloc\[2\] with weight=-inf"),
    "weights whose sum is infinite": (PLAIN.assign(weight=[1e308, 1e308, 1, 1, 1]), r"2 rows .*weight=1e\+308"),
    "two tables joined": (pd.concat([PLAIN, OTHER]), "5 of 10 rows of edges list a pair again, such as 1 -> 4"),
    "a row twice": (pd.concat([PLAIN, PLAIN.tail(1)], ignore_index=True), "1 of 6 rows .*2 -> 4"),
    "a number and its text": (pd.concat([PLAIN, PLAIN.tail(1).astype({"source": int})]), "1 of 6 rows .*2 -> 4"),
}  # fmt: skip


def picture(draw):
    """The text and the numbers of bars, images and points in a picture."""

    def draw_there(edges):
        axes = draw(edges, Figure().subplots())
        bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches if hasattr(bar, "get_x")]
        points = [line.get_xydata().tolist() for line in axes.lines if len(line.get_xydata())]
        images = [np.ma.filled(image.get_array(), 99).tolist() for image in axes.images]
        return [text.get_text() for text in axes.findobj(Text)], bars, points, images

    return draw_there


FUNCTIONS = {
    "regulons": lambda edges: tl.regulons(edges, top=2, min_probability=0.3)[list(PLAIN)[:3]],
    "hubs": lambda edges: tl.hubs(edges, measures=["degree", "strength", "pagerank", "betweenness"]),
    "compare": lambda edges: tl.compare({"other": OTHER, "this": edges}),
    "differential_edges": lambda edges: tl.differential_edges(edges, OTHER),
    "differential_edges, second": lambda edges: tl.differential_edges(OTHER, edges),
    "enrichment": lambda edges: tl.enrichment(edges, OTHER.head(3), top=[2]),
    "to_networkx": lambda edges: sorted(get.to_networkx(edges).edges(data="weight")),
    "to_igraph": lambda edges: get.to_igraph(edges).get_edge_dataframe()[["source", "target", "weight"]],
    "to_decoupler": get.to_decoupler,
    "to_pyscenic": get.to_pyscenic,
}
PICTURES = {
    "pl.network": picture(lambda edges, ax: pl.network(edges, top=4, genes=["1"], ax=ax)),
    "pl.hubs": picture(lambda edges, ax: pl.hubs(edges, ax=ax)),
    "pl.heatmap": picture(lambda edges, ax: pl.heatmap(edges, ax=ax)),
    "pl.weights": picture(lambda edges, ax: pl.weights(edges, top=2, ax=ax)),
    "pl.comparison": picture(lambda edges, ax: pl.comparison(edges, OTHER, ax=ax)),
}
PAIRS_ONLY = {
    "enrichment, reference": lambda pairs: tl.enrichment(PLAIN, pairs, top=[2]),
    "pl.network, known": picture(lambda pairs, ax: pl.network(PLAIN, known=pairs, ax=ax)),
}
ENDINGS = (".csv", ".tsv.gz", ".parquet", ".graphml", ".graphml.gz")


def assert_same(found, expected):
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    else:
        assert found == expected


@pytest.fixture
def unchanged():
    """Calls a function with a table, which must be as it was afterwards."""

    def call(function, edges):
        before = edges.copy(deep=True) if isinstance(edges, pd.DataFrame) else None
        try:
            return function(edges)
        finally:
            if before is not None:
                pd.testing.assert_frame_equal(edges, before)

    return call


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


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_named(name, unchanged, tmp_path):
    edges, message = REFUSED[name]
    functions = [*FUNCTIONS.values(), *PICTURES.values(), lambda edges: get.write(edges, tmp_path / "edges.graphml")]
    for function in functions:
        with pytest.raises(
            (ValueError, TypeError), match=message.replace("edges", r"(edges|first|second|networks\['this'\])")
        ) as e:
            unchanged(function, edges)
        raised = traceback.extract_tb(e.value.__traceback__)[-1].filename
        assert Path(raised).is_relative_to(Path(infosem.__file__).parent)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name",
    [
        "pairs as index",
        "two weights",
        "a further column twice",
        "a number as column",
        "a source that is NaN",
        "a target that is None",
        "a category that is missing",
        "an empty source",
        "floating-point names",
        "a weight that is text",
        "a weight that is NaN",
        "an infinite weight",
        "weights whose sum is infinite",
        "two tables joined",
        "a row twice",
    ],
)
def test_the_call_that_an_error_names_mends_it(name):
    edges, _ = REFUSED[name]
    with pytest.raises(ValueError, match="edges") as error:
        get.to_networkx(edges)
    (call,) = re.findall(r".*: (edges[.\[].*)\.$", str(error.value))
    mended = eval(call, {"edges": edges, "pd": pd, "np": np})
    assert 3 <= get.to_networkx(mended).number_of_edges() <= 5


def test_of_joined_tables_the_strongest_rows_are_kept():
    joined = pd.concat([PLAIN, OTHER])
    with pytest.raises(ValueError, match="list a pair again") as error:
        get.to_networkx(joined)
    (call,) = re.findall(r".*: (edges[.\[].*)\.$", str(error.value))
    mended = eval(call, {"edges": joined})
    assert set(mended["weight"]) == set(OTHER["weight"])


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (PLAIN.to_dict(), "must be a DataFrame with the columns source, target, not dict"),
        (PLAIN.rename(columns={"target": "gene"}), r"lacks the columns \['target'\]"),
        (pd.concat([PLAIN, PLAIN[["target"]]], axis=1), r"\['target'\] more than once"),
        (PLAIN.assign(source=None), "no source in 5 of 5 rows"),
        (PLAIN.astype({"source": float}), "source=1.0"),
    ],
)
def test_what_is_wrong_with_known_pairs_is_named(pairs, message, unchanged):
    for name, function in zip(("reference", "known"), PAIRS_ONLY.values(), strict=True):
        with pytest.raises((ValueError, TypeError), match=f"{name}.*{message}"):
            unchanged(function, pairs)


def test_known_pairs_need_no_weights_and_may_be_listed_twice(unchanged):
    pairs = PLAIN[["source", "target"]]
    for function in PAIRS_ONLY.values():
        assert_same(unchanged(function, pd.concat([pairs, pairs])), function(pairs))


def test_the_table_at_fault_is_named():
    broken = PLAIN.assign(weight=np.nan)
    for name, call in {
        "first": lambda: tl.differential_edges(broken, PLAIN),
        "second": lambda: pl.comparison(PLAIN, broken, ax=Figure().subplots()),
        r"networks\['T cells'\]": lambda: tl.compare({"B cells": PLAIN, "T cells": broken}),
    }.items():
        with pytest.raises(ValueError, match=f"^{name} has 5 rows"):
            call()


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


@pytest.mark.parametrize("column", EXTRA)
def test_further_columns_are_of_any_kind(column, unchanged, tmp_path):
    edges = PLAIN.assign(note=EXTRA[column])
    assert sorted(map(repr, unchanged(tl.regulons, edges)["note"])) == sorted(map(repr, edges["note"]))
    graph = unchanged(get.to_networkx, edges)
    assert repr([graph.edges[pair]["note"] for pair in zip(edges["source"], edges["target"], strict=True)]) == repr(
        list(edges["note"])
    )
    assert repr(unchanged(get.to_igraph, edges).es["note"]) == repr(edges["note"].tolist())
    for ending in (".csv", ".graphml"):
        get.write(edges, tmp_path / f"edges{ending}")
    back = nx.read_graphml(tmp_path / "edges.graphml")
    there = edges[edges["note"].notna()]
    assert {pair[:2] for pair in back.edges(data="note") if pair[2] is not None} == set(
        zip(there["source"], there["target"], strict=True)
    )
    if column in NOT_IN_PARQUET:
        with pytest.raises(ValueError, match=r'Parquet cannot hold.*edges\.astype\(\{"column": str\}\)'):
            get.write(edges, tmp_path / "edges.parquet")
        assert not (tmp_path / "edges.parquet").exists()
        edges = edges.astype({"note": str})
    get.write(edges, tmp_path / "edges.parquet")
    assert pd.read_parquet(tmp_path / "edges.parquet")["note"].isna().tolist() == edges["note"].isna().tolist()


@pytest.mark.parametrize(
    ("values", "kind", "first"),
    [
        ([1, None, 3, 4, 5], "double", 1.0),
        (pd.array([1, None, 3, 4, 5], dtype="Int64"), "long", 1),
        ([True, None, False, True, True], "boolean", True),
        (["a", None, "b", "c", "d"], "string", "a"),
        ([1, "a", None, 2.5, True], "string", "1"),
        ([[1, 2], None, [3], [], [4]], "string", "[1, 2]"),
    ],
)
def test_an_attribute_of_graphml_has_one_type_and_no_missing_value(tmp_path, values, kind, first):
    path = tmp_path / "edges.graphml"
    get.write(PLAIN.assign(note=values), path)
    (declared,) = re.findall(r'attr.name="note" attr.type="(\w+)"', path.read_text())
    assert declared == kind
    graph = nx.read_graphml(path)
    assert graph.edges["1", "4"]["note"] == first
    assert sum("note" in edge for *_, edge in graph.edges(data=True)) == 4


NAMES = st.text(st.characters(codec="utf-8"), min_size=1)


@given(names=st.lists(NAMES, min_size=2, max_size=2, unique=True), note=NAMES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_names_are_written_as_they_are_or_not_at_all(names, note, tmp_path):
    edges = pd.DataFrame({"source": names[:1], "target": names[1:], "weight": [1.5], "note": [note]})
    get.write(edges, tmp_path / "edges.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "edges.parquet"), edges)
    (tmp_path / "edges.graphml").unlink(missing_ok=True)
    if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "".join([*names, note])):
        with pytest.raises(ValueError, match="GraphML cannot represent"):
            get.write(edges, tmp_path / "edges.graphml")
        assert not (tmp_path / "edges.graphml").exists()
    else:
        get.write(edges, tmp_path / "edges.graphml")
        assert list(nx.read_graphml(tmp_path / "edges.graphml").edges) == [tuple(names)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_half_a_character_is_named_and_the_old_file_stays(ending, tmp_path):
    path = tmp_path / f"edges{ending}"
    get.write(PLAIN, path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"\\ud800"):
        get.write(PLAIN.assign(note="\ud800"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
