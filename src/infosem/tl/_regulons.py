"""Regulons."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from infosem.data._arguments import number, whole_number
from infosem.network._checked_edges import checked_edges, numbers
from infosem.network._thresholds import Thresholds

logger = logging.getLogger(__name__)


def regulons(
    edges: pd.DataFrame,
    *,
    top: int | None = None,
    min_weight: float = 0.0,
    min_probability: float = 0.0,
    min_stability: float = 0.0,
    max_q_value: float = 1.0,
    min_targets: int = 1,
) -> pd.DataFrame:
    """Extract the regulons of a network: for each regulator, the targets that pass every threshold.

    Parameters
    ----------
    edges
        Edge table, from :meth:`infosem.InfoSEM.get_edges`, :func:`infosem.get.network` or another method.
    top
        Maximum number of targets per regulator. Those with the largest absolute weights are kept.
    min_weight
        Minimum absolute weight of an edge.
    min_probability
        Minimum probability of an edge. Requires a model with known interactions.
    min_stability
        Minimum share of models that select an edge. Requires :func:`infosem.train_ensemble`.
    max_q_value
        Maximum false discovery rate of an edge. Requires :func:`infosem.tl.false_discovery_rate`.
    min_targets
        Minimum number of targets of a regulator, after all other thresholds.

    Returns
    -------
    Edge table of the remaining edges, grouped by regulator. The largest regulons come first, and within a regulon the
    strongest edges. :func:`infosem.get.to_decoupler` converts the table to a network for ``decoupler``.

    Raises
    ------
    ValueError
        If a threshold needs a column that ``edges`` lacks, or is out of range.
    """
    edges = checked_edges(edges)
    if top is not None:
        top = whole_number(top, "top", least=1)
    min_targets, min_weight = whole_number(min_targets, "min_targets", least=1), number(min_weight, "min_weight")
    thresholds = Thresholds(min_probability=min_probability, min_stability=min_stability, max_q_value=max_q_value)
    passing = thresholds.passing({name: numbers(edges, name, "edges") for name in thresholds.read if name in edges})
    kept = edges if passing is None else edges[passing]
    kept = kept[kept["weight"].abs() >= min_weight].sort_values("weight", key=abs, ascending=False, kind="stable")
    if top is not None:
        kept = kept.groupby("source", sort=False).head(top)
    place, regulators = pd.factorize(kept["source"])
    n_targets = np.bincount(place, minlength=len(regulators))[place]
    # regulons of equal size are ordered by their strongest edge
    order = np.lexsort([place, -n_targets])
    kept = kept.iloc[order[n_targets[order] >= min_targets]]
    n_regulons, n_regulators = kept["source"].nunique(), edges["source"].nunique()
    logger.info("%d regulons with %d edges, of %d regulators.", n_regulons, len(kept), n_regulators)
    return kept.reset_index(drop=True)
