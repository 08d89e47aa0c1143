"""Two methods on the same splits."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from infosem.benchmark._splits import UNSEEN_GENES
from infosem.benchmark._summary import check_metric, per_split

_TEST_OVER_TRAINING = 1 / 3
"""Genes held out over genes left, in every split."""


def paired_differences(
    results: pd.DataFrame,
    method: str,
    *,
    metric: str = "auprc_over_random",
    block: str = UNSEEN_GENES,
    split_kind: str = "unseen_genes",
    confidence: float = 0.95,
) -> pd.DataFrame:
    r"""Mean difference of a method to every other one, over the splits that both were scored on, with its interval.

    .. math:: \bar d \pm t_{S - 1} \, s_d \sqrt{\frac{1}{S} + \frac{n_{test}}{n_{training}}}

    with :math:`d` the difference on each of :math:`S` splits and :math:`s_d` its standard deviation. The second term
    under the root is the correction of Nadeau and Bengio (2003, Machine Learning 52): random splits share most of
    their genes, so that their differences vary less than those on new genes would.

    Parameters
    ----------
    results
        Table of :func:`infosem.benchmark.compare`, :func:`infosem.benchmark.run` or of several of them.
    method
        Name of the method that the others are subtracted from.
    metric
        A column of the results, or ``"auprc_over_random"``, here each split's AUPRC over that of a random order.
    block, split_kind
        As in :func:`infosem.benchmark.summary`.
    confidence
        Coverage of the interval.

    Returns
    -------
    One row for each other method, network and data set, and one for the mean over all of these that both methods have
    (``network`` and ``dataset`` ``"all"``), with ``n_splits``, ``difference``, its ``lower`` and ``upper`` limit
    (missing with one split). Seeds of a method are averaged within a split first.

    Raises
    ------
    ValueError
        If the results have no scored row of the method, or no such metric.
    """
    scored = per_split(results)
    scored = scored[(scored["block"] == block) & (scored["split_kind"] == split_kind)]
    names = scored["method"].unique().tolist()
    if method not in names:
        have = ", ".join(map(repr, names)) or "none"
        raise ValueError(f"No scored row of {method!r} in the block {block!r}; there are rows of {have}.")
    check_metric(metric, results)
    values = scored.pivot_table(index=["network", "dataset", "split"], columns="method", values=metric, sort=False)
    rows = []
    for other in values.columns.drop(method):
        difference = (values[method] - values[other]).dropna()
        if difference.empty:
            continue
        cases = dict(list(difference.groupby(["network", "dataset"], sort=False)))
        by_split = difference.groupby("split").agg(["mean", "size"])
        cases["all", "all"] = by_split["mean"][by_split["size"] == len(cases)]
        for (network, dataset), of_splits in cases.items():
            mean, half = _mean_and_half_width(of_splits.to_numpy(), confidence)
            rows.append((other, network, dataset, len(of_splits), mean, mean - half, mean + half))
    return pd.DataFrame(rows, columns=["other", "network", "dataset", "n_splits", "difference", "lower", "upper"])


def _mean_and_half_width(differences: np.ndarray, confidence: float) -> tuple[float, float]:
    n = len(differences)
    if n < 2:
        return float(differences.mean()) if n else np.nan, np.nan
    error = differences.std(ddof=1) * np.sqrt(1 / n + _TEST_OVER_TRAINING)
    return float(differences.mean()), float(student.ppf((1 + confidence) / 2, n - 1) * error)
