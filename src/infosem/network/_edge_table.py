"""The table of edges of a network, strongest first."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from infosem.data._arguments import number, whole_number
from infosem.network._thresholds import Thresholds

logger = logging.getLogger(__name__)

_NONE = Thresholds()


def edge_table(
    strength: pd.DataFrame,
    sign: np.ndarray,
    more: Mapping[str, pd.DataFrame],
    *,
    top: int | None,
    min_weight: float | None,
    thresholds: Thresholds = _NONE,
    by: Literal["network", "regulator"] = "network",
) -> pd.DataFrame:
    """Return the edge table of a network, strongest edges first.

    Parameters
    ----------
    strength
        Non-negative edge strengths, regulators x genes. Edges of strength zero are left out.
    sign
        +1 or -1 for each pair, zero if unknown, ``(R, G)``.
    more
        Further columns, each as a matrix of regulators x genes.
    top
        Number of strongest edges to keep.
    min_weight
        Minimum strength of an edge.
    thresholds
        Thresholds on the columns in ``more``.
    by
        Whether to rank all edges of the network, or the edges of each regulator. ``top`` then applies per regulator.

    Returns
    -------
    DataFrame with the columns ``source``, ``target``, ``weight`` (strength times sign, positive if the sign is
    unknown), ``sign``, ``rank`` and those in ``more``.
    """
    if top is not None:
        top = whole_number(top, "top", least=0, what="the number of edges to keep")
    if min_weight is not None:
        min_weight = number(min_weight, "min_weight", what="the minimum absolute weight of an edge")
    if by not in ("network", "regulator"):
        raise ValueError(f"by={by!r} is not one of 'network', 'regulator'.")
    values = strength.to_numpy().ravel()
    passing = thresholds.passing(more)
    if passing is not None:
        values = np.where(passing.ravel(), values, values.dtype.type(0))
    least = np.finfo(values.dtype).tiny if min_weight is None else max(min_weight, np.finfo(values.dtype).tiny)
    if by == "regulator":
        pairs, rank = _best_of_each_row(values.reshape(strength.shape), least, top)
    else:
        if top is not None and 0 < top < len(values):
            # a genome has tens of millions of pairs, so sort only those that can be among the top
            least = max(least, np.partition(values, -top)[-top])
        candidates = np.flatnonzero(values >= least)
        pairs = candidates[np.argsort(-values[candidates], kind="stable")[:top]]
        rank = np.arange(1, len(pairs) + 1)
    row, column = np.unravel_index(pairs, strength.shape)
    signs = known_signs(sign.ravel()[pairs]).astype(int)
    edges = pd.DataFrame(
        {
            "source": strength.index.to_numpy()[row],
            "target": strength.columns.to_numpy()[column],
            "weight": values[pairs] * np.where(signs < 0, -1, 1),
            "sign": signs,
            "rank": rank,
        }
    )
    return edges.assign(**{name: matrix.to_numpy().ravel()[pairs] for name, matrix in more.items()})


def known_signs(sign: np.ndarray) -> np.ndarray:
    """Return signs as int8, with zero for NaN."""
    return np.sign(np.nan_to_num(sign)).astype(np.int8)


def _best_of_each_row(values: np.ndarray, least: float, top: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return flat index and within-row rank of each kept value: first the best of each row, then the second, ..."""
    order = np.argsort(-values, axis=1, kind="stable")[:, :top]
    pairs = order + np.arange(len(values))[:, None] * values.shape[1]
    rank = np.broadcast_to(np.arange(1, order.shape[1] + 1), order.shape)
    flat = values.ravel()[pairs]
    kept = flat >= least
    sequence = np.lexsort((-flat[kept], rank[kept]))
    return pairs[kept][sequence], rank[kept][sequence]
