"""How many of the strongest edges a reference network knows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from infosem._checks import require_columns
from infosem.tl._compare import edge_weights


def enrichment(
    edges: pd.DataFrame, reference: pd.DataFrame, *, top: Sequence[int] = (100, 300, 1000, 3000)
) -> pd.DataFrame:
    r"""Enrichment of the strongest edges of a network in a reference, such as ChIP-seq or CollecTRI.

    Among the :math:`N` pairs of a regulator and a gene that both tables know, :math:`K` are in the reference; of the
    :math:`n` strongest edges :math:`k` are. Under a random order :math:`k` is hypergeometric with mean :math:`nK/N`. A
    network that only knows which regulators have many targets is enriched too, so that the same is asked *within* the
    regulators, with the numbers of regulator :math:`i` given:

    .. math:: E_w = \sum_i \frac{n_i K_i}{N_i}, \qquad
              z_w = \frac{k - E_w}{\sqrt{\sum_i \mathrm{Var}_i}}

    (the statistic of Mantel and Haenszel 1959, without a continuity correction, :math:`\mathrm{Var}_i` hypergeometric).

    Parameters
    ----------
    edges
        The whole edge table: the pairs among which the strongest are.
    reference
        Columns ``source`` and ``target``.
    top
        Numbers :math:`n` of strongest edges, of the pairs that count.

    Returns
    -------
    A row for each ``top``: ``n_shared`` (:math:`k`), ``expected``, ``fold`` (:math:`k` over it), ``odds_ratio`` of the
    2 x 2 table, ``p_value`` (hypergeometric, one-sided); and within regulators ``expected_within``, ``fold_within``,
    ``p_value_within`` (one-sided, Normal).

    Raises
    ------
    ValueError
        If no regulator, or no gene, is in both tables.
    """
    require_columns(reference, ("source", "target"), "reference")
    weights = edge_weights(edges).abs()
    sources, targets = (weights.index.unique(end).intersection(reference[end].unique()) for end in ("source", "target"))
    at, values = _entries(weights.reset_index(), sources, targets)
    strength = np.zeros((len(sources), len(targets)))
    strength[at] = values
    known = np.zeros(strength.shape, dtype=bool)
    known[_entries(reference.assign(weight=1.0), sources, targets)[0]] = True
    regulator, target = np.indices(strength.shape).reshape(2, -1)
    pairs = np.flatnonzero(sources.to_numpy()[regulator] != targets.to_numpy()[target])
    if not len(pairs):
        raise ValueError(
            f"edges and reference share {len(sources)} regulators and {len(targets)} targets. Check species, case and "
            "kind of identifier."
        )
    strength, known, regulator = strength.ravel()[pairs], known.ravel()[pairs], regulator[pairs]
    order, n_edges = np.argsort(-strength, kind="stable"), int((strength > 0).sum())
    wrong = [n for n in top if not 1 <= n <= n_edges]
    if wrong:
        raise ValueError(
            f"top={wrong} must be between 1 and {n_edges}, the number of edges whose genes are both in the reference."
        )
    return pd.DataFrame([{"top": n, **_row(known, regulator, order[:n])} for n in top])


def _entries(
    table: pd.DataFrame, sources: pd.Index, targets: pd.Index
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Where the edges of a table stand among the regulators and genes that both know, and their weights."""
    row, column = sources.get_indexer(table["source"]), targets.get_indexer(table["target"])
    there = (row >= 0) & (column >= 0)
    return (row[there], column[there]), table["weight"].to_numpy()[there]


def _row(known: np.ndarray, regulator: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
    n, n_pairs, n_known, n_shared = len(chosen), len(known), int(known.sum()), int(known[chosen].sum())
    n_regulators = int(regulator.max()) + 1
    within = stats.hypergeom(
        *(np.bincount(of, minlength=n_regulators) for of in (regulator, regulator[known], regulator[chosen]))
    )
    expected, expected_within = n * n_known / n_pairs, within.mean().sum()
    sd = np.sqrt(np.nansum(within.var()))
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
