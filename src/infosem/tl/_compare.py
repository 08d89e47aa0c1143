"""How far networks agree."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from infosem.data._arguments import whole_number
from infosem.data._matches import warn_if_spelt_otherwise
from infosem.network._edge_tables import checked_edges


def compare(networks: Mapping[str, pd.DataFrame], *, top: int = 1000) -> pd.DataFrame:
    r"""Agreement of every two of several networks: cell types, conditions, seeds, methods.

    Parameters
    ----------
    networks
        Edge tables by name. Whole ones: a pair that a table does not list counts as weight zero.
    top
        Number of strongest edges that count as a network's own, for ``n_shared`` and ``jaccard``.

    Returns
    -------
    A row for every two: ``first``, ``second``; ``n_shared``, the edges that are among the ``top`` of both; ``jaccard``,
    :math:`|E_1 \cap E_2| / |E_1 \cup E_2|` of these; ``spearman``, rank correlation of :math:`|w|` over the pairs that
    either lists (NaN if all are alike in one); ``sign_agreement``, share of the shared edges that have one sign in both
    (NaN if none is shared).
    """
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


def _genes(weights: pd.Series) -> pd.Index:
    return weights.index.unique(0).union(weights.index.unique(1))


def _spearman(first: pd.Series, second: pd.Series) -> float:
    """Rank correlation, NaN where one is constant."""
    if first.empty or any((values == values.iloc[0]).all() for values in (first, second)):
        return np.nan
    return first.corr(second, method="spearman")


def edge_weights(edges: pd.DataFrame) -> pd.Series:
    """Weight of each edge of a checked table, by source and target."""
    return edges.set_index(["source", "target"])["weight"]


def aligned(first: pd.Series, second: pd.Series) -> pd.DataFrame:
    """Weights of the edges that either network lists, columns 0 and 1; zero where it is not listed."""
    return pd.concat([first, second], axis=1, keys=[0, 1]).fillna(0.0)
