"""The targets of each regulator."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from infosem.data._arguments import number, whole_number
from infosem.network._edge_tables import checked_edges, numbers
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
    """The regulons of a network: of each regulator the targets that pass every threshold.

    Parameters
    ----------
    edges
        Edge table of :meth:`infosem.InfoSEM.get_edges`, :func:`infosem.get.network` or another method.
    top
        Keep this many targets of each regulator, those with the largest absolute weights.
    min_weight
        Keep edges with an absolute weight of at least this much.
    min_probability
        Keep edges of at least this probability; needs a model with known interactions.
    min_stability
        Keep edges that at least this share of the models selects; needs :func:`infosem.train_ensemble`.
    max_q_value
        Keep edges at this false discovery rate; needs :func:`infosem.tl.false_discovery_rate`.
    min_targets
        Leave out regulators with fewer targets than this, after all else.

    Returns
    -------
    The rows of ``edges`` that are left, regulator by regulator, the largest regulon first and in it the strongest edge
    first. It is an edge table: :func:`infosem.get.to_decoupler` makes a network for ``decoupler`` of it.

    Raises
    ------
    ValueError
        If a threshold needs a column that ``edges`` lacks, or is not as it must be.
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
    # of regulons of one size that with the strongest edge comes first
    order = np.lexsort([place, -n_targets])
    kept = kept.iloc[order[n_targets[order] >= min_targets]]
    n_regulons, n_regulators = kept["source"].nunique(), edges["source"].nunique()
    logger.info("%d regulons with %d edges, of %d regulators.", n_regulons, len(kept), n_regulators)
    return kept.reset_index(drop=True)
