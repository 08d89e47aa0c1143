"""Edge tables in files and graphs: further columns of any kind, and names of any letters."""

from __future__ import annotations

import re

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infosem import get, tl

from .edge_tables import ENDINGS, PLAIN

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
