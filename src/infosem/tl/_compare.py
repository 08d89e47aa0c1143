"""Agreement between networks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from infosem.data._arguments import whole_number
from infosem.data._matches import warn_if_spelt_otherwise
from infosem.model._infosem import InfoSEM
from infosem.network._checked_edges import checked_edges
from infosem.tl._differential_edges import group_differences
from infosem.tl._edge_weights import aligned, edge_weights

_Q_VALUE = 0.1


def compare(networks: Mapping[str, pd.DataFrame] | InfoSEM, *, top: int = 1000) -> pd.DataFrame:
    r"""Measure the pairwise agreement of networks, such as those of cell types, conditions, seeds or methods.

    Parameters
    ----------
    networks
        Edge tables by name, or a trained model with groups of cells, whose networks are compared. Pass complete tables,
        because pairs that a table does not list count as weight zero.
    top
        Number of strongest edges of each network that ``n_shared`` and ``jaccard`` compare.

    Returns
    -------
    DataFrame with one row for each pair of networks and the columns

    - ``first``, ``second``: names of the networks;
    - ``n_shared``: number of edges among the ``top`` strongest of both networks;
    - ``jaccard``: :math:`|E_1 \cap E_2| / |E_1 \cup E_2|` of the ``top`` strongest edges;
    - ``spearman``: rank correlation of :math:`|w|` over the pairs listed in either table, NaN if one is constant;
    - ``sign_agreement``: share of the shared edges with the same sign in both networks, NaN if none is shared;
    - ``n_differing``, for the groups of a model: number of direct effects that only one of the groups has, at a false
      discovery rate of .1 (:func:`infosem.tl.differential_edges`).
    """
    if isinstance(networks, InfoSEM):
        return _compare_groups(networks, top)
    if not isinstance(networks, Mapping) or len(networks) < 2:
        raise ValueError(
            f"networks must be a mapping of at least two names to edge tables, not {type(networks).__name__}"
            f"{f' of {len(networks)}' if isinstance(networks, Mapping) else ''}: "
            '{"CD4": first.get_edges(), "CD8": second.get_edges()}.'
        )
    top = whole_number(top, "top", least=1)
    weights = {name: edge_weights(checked_edges(edges, f"networks[{name!r}]")) for name, edges in networks.items()}
    rows = []
    for first, second in combinations(weights, 2):
        of_first, of_second = (_genes(weights[name]) for name in (first, second))
        warn_if_spelt_otherwise(of_first, of_second, f"The networks {first!r} and {second!r}")
        both = aligned(weights[first], weights[second])
        strongest = [both[end].abs().nlargest(top).loc[lambda values: values > 0].index for end in (0, 1)]
        shared = strongest[0].intersection(strongest[1])
        signs = np.sign(both.loc[shared])
        rows.append(
            {
                "first": first,
                "second": second,
                "n_shared": len(shared),
                "jaccard": len(shared) / max(1, len(strongest[0].union(strongest[1]))),
                "spearman": _spearman(both[0].abs(), both[1].abs()),
                "sign_agreement": (signs[0] == signs[1]).mean(),
            }
        )
    return pd.DataFrame(rows)


def _compare_groups(model: InfoSEM, top: int) -> pd.DataFrame:
    table = compare({group: model.get_edges(group=group) for group in model.group_names}, top=top)
    n_differing = [
        int((group_differences(model, first, second)[1] <= _Q_VALUE).sum())
        for first, second in zip(table["first"], table["second"], strict=True)
    ]
    return table.assign(n_differing=n_differing)


def _genes(weights: pd.Series) -> pd.Index:
    return weights.index.unique(0).union(weights.index.unique(1))


def _spearman(first: pd.Series, second: pd.Series) -> float:
    """Return the rank correlation, NaN if one of the series is constant."""
    if first.empty or any((values == values.iloc[0]).all() for values in (first, second)):
        return np.nan
    return first.corr(second, method="spearman")
