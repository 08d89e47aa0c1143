"""How many of the strongest edges a reference network knows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from infosem.data._arguments import whole_number
from infosem.data._matches import require_matches
from infosem.data._names import identifiers
from infosem.network._edge_tables import checked_edges, checked_pairs
from infosem.tl._compare import edge_weights


def enrichment(
    edges: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    top: Sequence[int] = (100, 300, 1000, 3000),
    allow_few: bool = False,
) -> pd.DataFrame:
    r"""Enrichment of the strongest edges of a network in a reference, such as ChIP-seq or CollecTRI.

    Among the :math:`N` pairs of a regulator and a gene that both tables know, :math:`K` are in the reference; of the
    :math:`n` strongest edges :math:`k` are. Under a random order :math:`k` is hypergeometric with mean :math:`nK/N`. A
    network that only knows which regulators have many targets is enriched too, so that the same is asked *within* the
    regulators, with the numbers of regulator :math:`i` given:

    .. math:: E_w = \sum_i \frac{n_i K_i}{N_i}, \qquad
              z_w = \frac{k - E_w}{\sqrt{\sum_i \mathrm{Var}_i}}

    (the statistic of Mantel and Haenszel 1959, without a continuity correction, :math:`\mathrm{Var}_i` hypergeometric).

    Regulators without an edge in the reference do not count, nor do genes that are nobody's target there. Of edges of
    one weight those come first that the table lists first.

    Parameters
    ----------
    edges
        The whole edge table: the pairs among which the strongest are.
    reference
        Columns ``source`` and ``target``. A pair that it lists more than once counts once.
    top
        Numbers :math:`n` of strongest edges, of the pairs that count.
    allow_few
        Whether it is right that less than a tenth of the reference's names that could be genes of the network are.

    Returns
    -------
    A row for each ``top``: ``n_shared`` (:math:`k`), ``expected``, ``fold`` (:math:`k` over it), ``odds_ratio`` of the
    2 x 2 table, ``p_value`` (hypergeometric, one-sided); and within regulators ``expected_within``, ``fold_within``,
    ``p_value_within`` (one-sided, Normal).

    Raises
    ------
    ValueError
        If no regulator, or no gene or next to none, is in both tables.
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
    what = "so many edges have both genes in the reference"
    numbers = [whole_number(n, "top", least=1, most=n_edges, what=what) for n in ([top] if np.ndim(top) == 0 else top)]
    return pd.DataFrame([{"top": n, **_row(known, regulator, order[:n])} for n in numbers])


def _entries(table: pd.DataFrame, sources: pd.Index, targets: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Where the edges of a table stand among the regulators and genes that both know."""
    row, column = sources.get_indexer(table["source"]), targets.get_indexer(table["target"])
    there = (row >= 0) & (column >= 0)
    return row[there], column[there]


def _row(known: np.ndarray, regulator: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
    n, n_pairs, n_known, n_shared = len(chosen), len(known), int(known.sum()), int(known[chosen].sum())
    # N_i, K_i, n_i; where a regulator has one pair, or none, the variance is zero
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
