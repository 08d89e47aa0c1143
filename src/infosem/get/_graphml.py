"""Edge tables as GraphML, which supports numbers, booleans and text, but no missing values."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from infosem.get._formats import to_networkx

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot represent."""


def write_graphml(edges: pd.DataFrame, file: io.BufferedIOBase) -> None:
    """Write edges as GraphML. Missing attributes are left out of their edge, unsupported types are written as text."""
    import networkx as nx

    columns = edges.columns.difference(["source", "target"], sort=False)
    table = edges.assign(**{name: _attributes(edges[name]) for name in columns})
    for name in table.columns:
        _require_xml([name], "a column")
        _require_xml((value for value in table[name] if isinstance(value, str)), f"the column {name!r}")
    graph = to_networkx(table)
    for *_, attributes in graph.edges(data=True):
        for name in [name for name, value in attributes.items() if value is None]:
            del attributes[name]
    nx.write_graphml(graph, file)


def _attributes(column: pd.Series) -> pd.Series:
    """Return native Python values of a single type, with ``None`` for missing values."""
    values = column.astype(object).to_numpy()
    there = ~pd.isna(values)
    kind = _kind(values[there])
    result = np.full(len(values), None, dtype=object)
    result[there] = [kind(value) for value in values[there]]
    return pd.Series(result, index=column.index, dtype=object)  # pandas 3 would make missing text NaN


def _kind(values: np.ndarray) -> Callable[[Any], bool | int | float | str]:
    if all(isinstance(value, (bool, np.bool_)) for value in values):
        return bool
    if any(isinstance(value, (bool, np.bool_)) or not isinstance(value, Real) for value in values):
        return str
    return int if all(isinstance(value, Integral) for value in values) else float


def _require_xml(texts: Iterable[str], where: str) -> None:
    for text in texts:
        found = _NO_XML.search(text)
        if found:
            raise ValueError(
                f"{text!r}, in {where}, has the character {found.group()!r}, which GraphML cannot represent. Write "
                r'.csv, or remove it: edges.replace(r"[\x00-\x1f]", "", regex=True).'
            )
