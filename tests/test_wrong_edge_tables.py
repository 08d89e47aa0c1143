"""Edge tables that will not do: every function names what is wrong, and what mends it."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import infosem
from infosem import get, pl, tl

from .edge_tables import FUNCTIONS, OTHER, PAIRS_ONLY, PICTURES, PLAIN

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


def test_the_table_at_fault_is_named():
    broken = PLAIN.assign(weight=np.nan)
    for name, call in {
        "first": lambda: tl.differential_edges(broken, PLAIN),
        "second": lambda: pl.comparison(PLAIN, broken, ax=Figure().subplots()),
        r"networks\['T cells'\]": lambda: tl.compare({"B cells": PLAIN, "T cells": broken}),
    }.items():
        with pytest.raises(ValueError, match=f"^{name} has 5 rows"):
            call()
