"""Enrichment of the strongest edges in a reference network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from infosem.data._arguments import whole_number
from infosem.data._matches import require_matches
from infosem.data._names import identifiers
from infosem.network._checked_edges import checked_edges, checked_pairs
from infosem.tl._edge_weights import edge_weights


def enrichment(
    edges: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    top: Sequence[int] = (100, 300, 1000, 3000),
    allow_few: bool = False,
) -> pd.DataFrame:
    r"""Test the strongest edges of a network for enrichment in a reference, such as ChIP-seq or CollecTRI.

    Among the :math:`N` pairs of a regulator and a gene that occur in both tables, :math:`K` are edges of the reference.
    Of the :math:`n` strongest edges, :math:`k` are. Under a random order, :math:`k` is hypergeometric with mean
    :math:`nK/N`. A network that only knows which regulators have many targets would also be enriched. A second test
    therefore compares edges *within* regulators, given the counts of each regulator :math:`i`:

    .. math:: E_w = \sum_i \frac{n_i K_i}{N_i}, \qquad
              z_w = \frac{k - E_w}{\sqrt{\sum_i \mathrm{Var}_i}}

    This is the statistic of Mantel and Haenszel (1959) without a continuity correction; :math:`\mathrm{Var}_i` is the
    hypergeometric variance.

    Regulators without targets in the reference and genes without regulators in the reference are left out. Ties in
    weight keep the order of the table.

    Parameters
    ----------
    edges
        Complete edge table. Its pairs are the background.
    reference
        Reference edges, with columns ``source`` and ``target``. Duplicate pairs count once.
    top
        Numbers :math:`n` of strongest edges to test, after pairs have been left out.
    allow_few
        Whether to accept a reference of which fewer than a tenth of the names that could match genes of the network do.

    Returns
    -------
    DataFrame with one row for each ``top`` and the columns ``n_shared`` (:math:`k`), ``expected``, ``fold``
    (``n_shared / expected``), ``odds_ratio`` of the 2 x 2 table and ``p_value`` (hypergeometric, one-sided). The
    columns ``expected_within``, ``fold_within`` and ``p_value_within`` (normal, one-sided) are those within regulators.

    Raises
    ------
    ValueError
        If the tables share no regulator, or no gene or too few genes.
    """
    edges, reference = checked_edges(edges), checked_pairs(reference, "reference")
    weights = edge_weights(edges).abs()
    genes, names = (identifiers(pd.concat([pairs["source"], pairs["target"]])).unique() for pairs in (edges, reference))
    require_matches(None, genes, names, "names of the reference", ignore_case=None, allow_few=allow_few)
    sources, targets = (weights.index.unique(end).intersection(reference[end].unique()) for end in ("source", "target"))
    at = _entries(weights[weights > 0].sort_values(ascending=False, kind="stable").reset_index(), sources, targets)
    rank = np.full((len(sources), len(targets)), np.inf)
    rank[at] = np.arange(len(at[0]))
    known = np.zeros(rank.shape, dtype=bool)
    known[_entries(reference, sources, targets)] = True
    regulator, target = np.indices(rank.shape).reshape(2, -1)
    pairs = np.flatnonzero(sources.to_numpy()[regulator] != targets.to_numpy()[target])
    if not len(pairs):
        raise ValueError(
            f"edges and reference share {len(sources)} regulators and {len(targets)} targets. Check species, case and "
            "kind of identifier."
        )
    rank, known, regulator = rank.ravel()[pairs], known.ravel()[pairs], regulator[pairs]
    order, n_edges = np.argsort(rank), int(np.isfinite(rank).sum())
    what = "the number of strongest edges, of those with both genes in the reference"
    numbers = [whole_number(n, "top", least=1, most=n_edges, what=what) for n in ([top] if np.ndim(top) == 0 else top)]
    return pd.DataFrame([{"top": n, **_row(known, regulator, order[:n])} for n in numbers])


def _entries(table: pd.DataFrame, sources: pd.Index, targets: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Return the row and column of each edge among the shared regulators and genes."""
    row, column = sources.get_indexer(table["source"]), targets.get_indexer(table["target"])
    there = (row >= 0) & (column >= 0)
    return row[there], column[there]


def _row(known: np.ndarray, regulator: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
    n, n_pairs, n_known, n_shared = len(chosen), len(known), int(known.sum()), int(known[chosen].sum())
    # N_i, K_i, n_i; the variance of a regulator with at most one pair is zero
    of_pairs, of_known, of_chosen = (
        np.bincount(of, minlength=regulator.max() + 1) for of in (regulator, regulator[known], regulator[chosen])
    )
    within = of_chosen * of_known / np.maximum(of_pairs, 1)
    variance = within * (of_pairs - of_known) * (of_pairs - of_chosen) / np.maximum(of_pairs * (of_pairs - 1), 1)
    expected, expected_within, sd = n * n_known / n_pairs, within.sum(), np.sqrt(variance.sum())
    others, disagreeing = n_pairs - n_known - n + n_shared, (n_known - n_shared) * (n - n_shared)
    return {
        "n_shared": n_shared,
        "expected": expected,
        "fold": n_shared / expected,
        "odds_ratio": n_shared * others / disagreeing if disagreeing else np.inf,
        "p_value": stats.hypergeom.sf(n_shared - 1, n_pairs, n_known, n),
        "expected_within": expected_within,
        "fold_within": n_shared / expected_within if expected_within else np.nan,
        "p_value_within": stats.norm.sf((n_shared - expected_within) / sd) if sd else np.nan,
    }
