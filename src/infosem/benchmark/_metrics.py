"""How well scores order edges before non-edges. Ties count by their expectation under a random order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.special import digamma
from sklearn.metrics import average_precision_score, roc_auc_score

from infosem.benchmark._method import Labels

_Ties = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def expected_average_precision(is_edge: np.ndarray, score: np.ndarray) -> float:
    r"""Area under the precision-recall curve, expected over random orders of the ties.

    .. math:: \mathrm{AUPRC} = \frac{1}{P} \sum_{k=1}^{n} \Pr(y_{(k)} = 1) \,
              \mathbb{E}\Big[\tfrac{1}{k} \sum_{l \le k} y_{(l)} \,\Big|\, y_{(k)} = 1\Big]

    over the :math:`n` pairs in decreasing order, :math:`P` of them edges. Within a tie of :math:`m` pairs with
    :math:`p` edges, after :math:`n_0` pairs with :math:`P_0` edges, the :math:`t`-th adds
    :math:`\frac{p}{m}\,\frac{P_0 + 1 + (p - 1)(t - 1)/(m - 1)}{n_0 + t}`. Without ties it is scikit-learn's average
    precision; if all are tied, that of a random order, which lies above the share of edges.

    Parameters
    ----------
    is_edge, score
        Labels and scores, ``(n,)``, with at least one edge.
    """
    return _average_precision(_ties(is_edge, score))


def _average_precision(ties: _Ties) -> float:
    first, size, edges, before = ties
    group = np.repeat(np.arange(len(size)), size)
    m, p = size[group], edges[group]
    t_before = np.arange(len(group)) - first[group]
    hits = before[group] + 1 + (p - 1) * t_before / np.maximum(m - 1, 1)
    return float(np.sum(p / m * hits / (np.arange(len(group)) + 1)) / edges.sum())


def expected_hits(is_edge: np.ndarray, score: np.ndarray, n_top: int) -> float:
    """Number of edges among the ``n_top`` highest scores, expected over random orders of the ties."""
    return _hits(_ties(is_edge, score), n_top)


def _hits(ties: _Ties, n_top: int) -> float:
    first, size, edges, _ = ties
    taken = np.clip(n_top - first, 0, size)
    return float(np.sum(edges * taken / size))


def random_average_precision(n_edges: Any, n_pairs: Any) -> Any:
    r"""AUPRC expected of a random order, :math:`\frac{1}{n}\big(\frac{P - 1}{n - 1}(n - H_n) + H_n\big)`.

    :math:`H_n` is the :math:`n`-th harmonic number. With few edges it lies well above their share :math:`P / n`.

    Parameters
    ----------
    n_edges, n_pairs
        :math:`P` and :math:`n`, numbers or arrays.
    """
    harmonic = digamma(n_pairs + 1) + np.euler_gamma
    return ((n_edges - 1) / np.maximum(n_pairs - 1, 1) * (n_pairs - harmonic) + harmonic) / n_pairs


def block_metrics(
    block: Labels, score: np.ndarray, *, groups: Mapping[str, np.ndarray] = MappingProxyType({})
) -> dict[str, float]:
    """All accuracies of one block.

    Parameters
    ----------
    block
        Its pairs and labels, with at least one edge and one non-edge.
    score
        Score of every pair, ``(n,)``.
    groups
        Sets of regulators, each a boolean ``(G,)``, to give ``regulator_auprc_ratio`` of as well.

    Returns
    -------
    ``auprc``, and ``auprc_ratio`` to the share of edges; ``hit1``, the share of edges among the ``n_top1`` best pairs,
    one per cent rounded down but at least one; ``early_precision_ratio``, the share of edges among as many top pairs
    as there are edges, over the share of edges (BEELINE); ``auroc``; ``recall1``, ``recall5``, ``recall10``,
    ``recall50``, the share of the edges that is found among the best 1, 5, 10, 50 per cent; ``regulator_auprc_ratio``,
    the mean over regulators of the AUPRC over its targets, divided by that of a random order, and ``n_regulators``,
    those with an edge and a non-edge; ``mean_regulator_ratio``, the mean of the regulators' own ratios;
    ``matched_auprc``, the AUPRC against non-edges weighted so that every regulator and every target has as much of them
    as of edges.
    """
    is_edge = block.is_edge
    if len(score) != len(block):
        raise ValueError(f"{len(score)} scores for the {len(block)} pairs of the block.")
    n, n_edges = len(is_edge), int(is_edge.sum())
    share = n_edges / n
    ties = _ties(is_edge, score)
    auprc = _average_precision(ties)
    top = {percent: max(1, n * percent // 100) for percent in (1, 5, 10, 50)}
    hits = {percent: _hits(ties, n_top) for percent, n_top in top.items()}
    by_regulator = regulator_auprc(block, score)
    return {
        "auprc": auprc,
        "auprc_ratio": auprc / share,
        "hit1": hits[1] / top[1],
        "n_top1": top[1],
        "early_precision_ratio": _hits(ties, n_edges) / n_edges / share,
        "auroc": float(roc_auc_score(is_edge, score)),
        **{f"recall{percent}": found / n_edges for percent, found in hits.items()},
        "regulator_auprc_ratio": mean_ratio(by_regulator),
        "mean_regulator_ratio": mean_of_ratios(by_regulator),
        "n_regulators": len(by_regulator),
        **{
            f"regulator_auprc_ratio_{name}": mean_ratio({g: value for g, value in by_regulator.items() if members[g]})
            for name, members in groups.items()
        },
        "matched_auprc": degree_matched_auprc(block, score),
    }


def regulator_auprc(block: Labels, score: np.ndarray) -> dict[int, tuple[float, float]]:
    """AUPRC over each regulator's targets and that of a random order, of the regulators with an edge and a non-edge."""
    result = {}
    for regulator in np.unique(block.source):
        rows = block.source == regulator
        is_edge = block.is_edge[rows]
        if is_edge.any() and not is_edge.all():
            random = random_average_precision(int(is_edge.sum()), len(is_edge))
            result[int(regulator)] = expected_average_precision(is_edge, score[rows]), random
    return result


def mean_ratio(by_regulator: dict[int, tuple[float, float]]) -> float:
    """Mean AUPRC of the regulators over the mean of a random order; a mean of ratios would hang on the rarest edges."""
    if not by_regulator:
        return float("nan")
    auprc, random = np.mean(list(by_regulator.values()), axis=0)
    return float(auprc / random)


def mean_of_ratios(by_regulator: dict[int, tuple[float, float]]) -> float:
    """Mean over the regulators of AUPRC over that of a random order: every regulator has the same say."""
    ratios = [auprc / random for auprc, random in by_regulator.values()]
    return float(np.mean(ratios)) if ratios else float("nan")


def degree_matched_auprc(block: Labels, score: np.ndarray, *, n_iterations: int = 200) -> float:
    """AUPRC against non-edges weighted so that every regulator and every target has as much of them as of edges.

    Weights by iterative proportional fitting (Deming and Stephan 1940). An order by the regulators' degrees alone
    reaches one half, the share of edges after weighting, however uneven they are; one by targets about that.
    """
    weight = np.where(block.is_edge, 0.0, 1.0)
    # regulators last: theirs are the degrees that differ most, and where both cannot be had they are matched exactly
    genes = [np.unique(role, return_inverse=True)[1] for role in (block.target, block.source)]
    wanted = [np.bincount(role, block.is_edge.astype(float)) for role in genes]
    for _ in range(n_iterations):
        for role, edges in zip(genes, wanted, strict=True):
            total = np.bincount(role, weight, minlength=len(edges))
            weight *= np.divide(edges, total, out=np.zeros(len(edges)), where=total > 0)[role]
    weight[block.is_edge] = 1.0
    if weight[~block.is_edge].sum() == 0:
        return float("nan")
    return float(average_precision_score(block.is_edge, score, sample_weight=weight))


def hubness_scores(score: np.ndarray, regulators: np.ndarray) -> dict[str, np.ndarray]:
    """What remains of a network if each edge is replaced by a mean, or each row is brought to one scale.

    Parameters
    ----------
    score
        ``(R, G)``, row = regulator.
    regulators
        Index of each row among the genes, ``(R,)``: self-pairs don't count.

    Returns
    -------
    Of the same shape: ``regulator_means``, ``target_means``, and ``rows_normalised``, where every row has a mean of
    zero and an sd of one.
    """
    self_pair = np.zeros(score.shape, dtype=bool)
    self_pair[np.arange(len(regulators)), regulators] = True
    masked = np.ma.masked_array(score, self_pair)
    # means of equal scores differ in the last digits: without a limit that would be an order
    resolution = 1e-9 * max(float(np.abs(score).max(initial=0.0)), np.finfo(float).tiny)
    rows, columns = (
        np.round(masked.mean(axis, keepdims=True).filled(0.0) / resolution) * resolution for axis in (1, 0)
    )
    sd = masked.std(1, keepdims=True).filled(0.0)
    varies = sd > resolution
    return {
        "regulator_means": np.broadcast_to(rows, score.shape),
        "target_means": np.broadcast_to(columns, score.shape),
        "rows_normalised": np.where(varies, (score - rows) / np.where(varies, sd, 1.0), 0.0),
    }


def _ties(is_edge: np.ndarray, score: np.ndarray) -> _Ties:
    """Of every group of equal scores, best first: its first rank, size, edges, and the edges before it."""
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    size = np.diff(first, append=len(ranked))
    edges = np.add.reduceat(is_edge[order].astype(float), first)
    return first, size, edges, np.cumsum(edges) - edges
