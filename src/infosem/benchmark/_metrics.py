"""Metrics of how well scores rank edges above non-edges. Ties count by their expectation under a random order."""

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
    r"""Compute the area under the precision-recall curve, in expectation over random orders of ties.

    .. math:: \mathrm{AUPRC} = \frac{1}{P} \sum_{k=1}^{n} \Pr(y_{(k)} = 1) \,
              \mathbb{E}\Big[\tfrac{1}{k} \sum_{l \le k} y_{(l)} \,\Big|\, y_{(k)} = 1\Big]

    over the :math:`n` pairs in decreasing order, :math:`P` of them edges. Within a tie of :math:`m` pairs with
    :math:`p` edges, after :math:`n_0` pairs with :math:`P_0` edges, the :math:`t`-th pair adds
    :math:`\frac{p}{m}\,\frac{P_0 + 1 + (p - 1)(t - 1)/(m - 1)}{n_0 + t}`. Without ties this equals the average
    precision of scikit-learn. If all pairs are tied, it equals the expectation for a random order, which is larger than
    the share of edges.

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
    """Return the number of edges among the ``n_top`` highest scores, in expectation over random orders of ties."""
    return _hits(_ties(is_edge, score), n_top)


def _hits(ties: _Ties, n_top: int) -> float:
    first, size, edges, _ = ties
    taken = np.clip(n_top - first, 0, size)
    return float(np.sum(edges * taken / size))


def random_average_precision(n_edges: Any, n_pairs: Any) -> Any:
    r"""Return the expected AUPRC of a random order, :math:`\frac{1}{n}\big(\frac{P - 1}{n - 1}(n - H_n) + H_n\big)`.

    :math:`H_n` is the :math:`n`-th harmonic number. With few edges, the value is well above their share :math:`P / n`.

    Parameters
    ----------
    n_edges, n_pairs
        Numbers :math:`P` of edges and :math:`n` of pairs, scalars or arrays.
    """
    harmonic = digamma(n_pairs + 1) + np.euler_gamma
    return ((n_edges - 1) / np.maximum(n_pairs - 1, 1) * (n_pairs - harmonic) + harmonic) / n_pairs


def block_metrics(
    block: Labels, score: np.ndarray, *, groups: Mapping[str, np.ndarray] = MappingProxyType({})
) -> dict[str, float]:
    """Compute all accuracies of a block.

    Parameters
    ----------
    block
        Pairs and labels of the block, with at least one edge and one non-edge.
    score
        Score of each pair, ``(n,)``.
    groups
        Sets of regulators as boolean masks ``(G,)``, for each of which ``regulator_auprc_ratio`` is also computed.

    Returns
    -------
    Dictionary with

    - ``auprc``, and ``auprc_ratio``, its ratio to the share of edges;
    - ``hit1``, the share of edges among the ``n_top1`` best pairs (1 % of all pairs rounded down, at least one);
    - ``early_precision_ratio``, the precision among as many top pairs as there are edges, divided by the share of edges
      (BEELINE);
    - ``auroc``;
    - ``recall1``, ``recall5``, ``recall10``, ``recall50``, the recall of edges among the best 1, 5, 10 and 50 % of
      pairs;
    - ``regulator_auprc_ratio``, the mean AUPRC over the targets of single regulators, divided by the mean for a random
      order, and ``n_regulators``, the number of regulators with an edge and a non-edge;
    - ``mean_regulator_ratio``, the mean of the ratios of single regulators;
    - ``matched_auprc``, the AUPRC with non-edges weighted so that, for each regulator and each target, their total
      weight equals the number of its edges.
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
    """Return AUPRC and random AUPRC over the targets of each regulator with an edge and a non-edge."""
    result = {}
    for regulator in np.unique(block.source):
        rows = block.source == regulator
        is_edge = block.is_edge[rows]
        if is_edge.any() and not is_edge.all():
            random = random_average_precision(int(is_edge.sum()), len(is_edge))
            result[int(regulator)] = expected_average_precision(is_edge, score[rows]), random
    return result


def mean_ratio(by_regulator: dict[int, tuple[float, float]]) -> float:
    """Return mean AUPRC over mean random AUPRC. A mean of ratios would depend mostly on regulators with few edges."""
    if not by_regulator:
        return float("nan")
    auprc, random = np.mean(list(by_regulator.values()), axis=0)
    return float(auprc / random)


def mean_of_ratios(by_regulator: dict[int, tuple[float, float]]) -> float:
    """Return the mean over regulators of the ratio of AUPRC to random AUPRC, with equal weight for each regulator."""
    ratios = [auprc / random for auprc, random in by_regulator.values()]
    return float(np.mean(ratios)) if ratios else float("nan")


def degree_matched_auprc(block: Labels, score: np.ndarray, *, n_iterations: int = 200) -> float:
    """Compute the AUPRC with non-edges weighted to match the edges in the degrees of regulators and targets.

    For each regulator and each target, the total weight of non-edges equals the number of edges. Weights are found by
    iterative proportional fitting (Deming and Stephan 1940). Ranking by degrees of regulators alone yields one half,
    the share of edges after weighting, however uneven the degrees are. Ranking by degrees of targets yields about one
    half.
    """
    weight = np.where(block.is_edge, 0.0, 1.0)
    # regulators last: their degrees differ most, and they are matched exactly if not both can be
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
    """Replace each score by the mean of its row or column, or normalise the rows.

    Parameters
    ----------
    score
        Scores, ``(R, G)``, row = regulator.
    regulators
        Index of each row among the genes, ``(R,)``, by which self-loops are excluded.

    Returns
    -------
    Dictionary of arrays of the same shape: ``regulator_means``, ``target_means``, and ``rows_normalised``, in which
    each row has mean zero and standard deviation one.
    """
    self_pair = np.zeros(score.shape, dtype=bool)
    self_pair[np.arange(len(regulators)), regulators] = True
    masked = np.ma.masked_array(score, self_pair)
    # rounding: means of equal scores differ in the last digits, which would rank them
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
    """Return first rank, size, number of edges, and number of edges before, for each group of ties, best first."""
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    size = np.diff(first, append=len(ranked))
    edges = np.add.reduceat(is_edge[order].astype(float), first)
    return first, size, edges, np.cumsum(edges) - edges
