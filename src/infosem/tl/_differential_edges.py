"""Differential edges of two networks."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from infosem.data._matches import warn_if_spelt_otherwise
from infosem.data._names import listed
from infosem.network._checked_edges import checked_edges, numbers
from infosem.tl._compare import aligned, edge_weights

logger = logging.getLogger(__name__)


def differential_edges(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    r"""Rank edges by the difference of their strengths in two networks.

    Absolute sizes of weights depend on the model. Each network is therefore divided by its mean absolute weight. For
    ensembles, the difference is also compared with the standard deviation over their models:

    .. math:: r_{ij} = \frac{w_{ij}}{\overline{|w|}}, \qquad d_{ij} = |r^{(2)}_{ij}| - |r^{(1)}_{ij}|, \qquad
              z_{ij} = \frac{d_{ij}}{\sqrt{s^{(1)2}_{ij} + s^{(2)2}_{ij}}}

    Parameters
    ----------
    first, second
        Complete edge tables of the same regulators and genes, from models with the same priors, such as those of
        :func:`infosem.tl.by_group`. A pair that one table does not list has weight zero there. Genes without any edge
        in one of the tables, such as genes that no cell of a group expresses, are left out and counted in the log.

    Returns
    -------
    DataFrame with the columns ``source``, ``target``, ``weight_first``, ``weight_second``, ``relative_first``,
    ``relative_second`` (:math:`r`), ``difference`` (:math:`d`) and, for two ensembles, ``z``, sorted by absolute
    difference. :math:`z` is a score, not a test statistic: its denominator reflects the differences between the models
    of an ensemble (seeds, or cells with ``train_size`` below one), not the sampling of donors.

    Raises
    ------
    ValueError
        If all weights of one of the networks are zero.
    """
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
