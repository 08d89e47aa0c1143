"""Differences of the strengths of edges in two tables."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from infosem.data._matches import warn_if_spelt_otherwise
from infosem.data._names import listed
from infosem.network._checked_edges import checked_edges, numbers
from infosem.tl._edge_weights import aligned, edge_weights

logger = logging.getLogger(__name__)


def differences_of_tables(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Rank edges by the difference of their strengths; see :func:`infosem.tl.differential_edges`."""
    first, second = checked_edges(first, "first"), checked_edges(second, "second")
    of_first, of_second = (pd.Index(sorted(_genes(edges))) for edges in (first, second))
    warn_if_spelt_otherwise(of_first, of_second, "The two networks")
    left_out = _genes(first) ^ _genes(second)
    if left_out:
        logger.info("%d genes have edges in one network only: left out (%s).", len(left_out), listed(sorted(left_out)))
    first, second = (edges[~edges[["source", "target"]].isin(left_out).any(axis=1)] for edges in (first, second))
    for name, edges in (("first", first), ("second", second)):
        if len(edges) and not edges["weight"].any():
            raise ValueError(
                f"All {len(edges)} weights of {name} between shared genes are zero. Pass complete edge tables."
            )
    both = aligned(edge_weights(first), edge_weights(second))
    relative = both / [weights.abs().mean() for weights in (first["weight"], second["weight"])]
    table = pd.DataFrame(
        {
            "weight_first": both[0],
            "weight_second": both[1],
            "relative_first": relative[0],
            "relative_second": relative[1],
            "difference": relative[1].abs() - relative[0].abs(),
        }
    )
    if all({"sd", "effect"} <= set(edges.columns) for edges in (first, second)):
        spread = [
            _relative_sd(edges, name).reindex(table.index, fill_value=0.0)
            for name, edges in (("first", first), ("second", second))
        ]
        scale = np.hypot(*spread)
        table["z"] = table["difference"] / scale.where(scale > 0)
    return table.sort_values("difference", key=abs, ascending=False, kind="stable").reset_index()


def _genes(edges: pd.DataFrame) -> set[str]:
    return {*edges["source"], *edges["target"]}


def _relative_sd(edges: pd.DataFrame, name: str) -> pd.Series:
    """Return the standard deviation over the models, in units of relative weights.

    The coefficient of variation of the effect is applied to the relative weight.
    """
    size = edges["weight"].abs()
    sd, effect = (pd.Series(numbers(edges, column, name), edges.index) for column in ("sd", "effect"))
    share = sd / effect.abs()
    return (share * size / size.mean()).set_axis(pd.MultiIndex.from_frame(edges[["source", "target"]]))
