"""Weights of the edges of tables, aligned to each other."""

from __future__ import annotations

import pandas as pd


def edge_weights(edges: pd.DataFrame) -> pd.Series:
    """Return the edge weights of a checked table, indexed by source and target."""
    return edges.set_index(["source", "target"])["weight"]


def aligned(first: pd.Series, second: pd.Series) -> pd.DataFrame:
    """Return the weights of the edges listed in either network, in columns 0 and 1, with zeros for missing edges."""
    return pd.concat([first, second], axis=1, keys=[0, 1]).fillna(0.0)
