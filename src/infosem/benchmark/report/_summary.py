"""Means and standard deviations over splits."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from infosem.benchmark._job import OK
from infosem.benchmark._splits import UNSEEN_GENES

CASE = ["network", "dataset", "method"]
"""Columns that identify a row of a summary."""

RATIOS = {"auprc_ratio": "auprc", "hit1_ratio": "hit1"}
"""Metrics that are divided by the share of edges after averaging, and what is averaged."""


def summary(
    results: pd.DataFrame,
    *,
    block: str = UNSEEN_GENES,
    metrics: Sequence[str] = ("auprc", "auprc_ratio", "hit1", "regulator_auprc_ratio"),
    split_kind: str = "unseen_genes",
) -> pd.DataFrame:
    """Mean and standard deviation over splits, of every method, data set and network; the best first.

    Parameters
    ----------
    results
        Table of :func:`infosem.benchmark.compare` or :func:`infosem.benchmark.run`.
    block
        ``"unseen_genes"``, ``"unseen_genes_all_targets"``, ``"unseen_interactions"``, ``"train"``.
    metrics
        Columns of the results; the first one orders the methods. ``"auprc_ratio"`` and ``"hit1_ratio"`` are the mean
        AUPRC and Hit@1% over the mean share of edges, which no split with few edges dominates.
    split_kind
        Kind of split.

    Returns
    -------
    One row per network, data set and method, with ``n_splits`` and for each metric its mean and ``<metric>_sd`` (of the
    splits' own ratios if it is a ratio; missing with one split). Seeds of a method are averaged within a split first.
    Without a scored split a method has no row.
    """
    splits = per_split(results, split_kind=split_kind)
    splits = splits[splits["block"] == block]
    if splits.empty:
        return pd.DataFrame(columns=[*CASE, "n_splits", *(name for m in metrics for name in (m, f"{m}_sd"))])
    groups = splits.groupby(CASE, sort=False)
    table = pd.DataFrame({"n_splits": groups["split"].nunique()})
    for metric in metrics:
        table[metric] = groups[metric].mean()
        table[f"{metric}_sd"] = groups[metric].std()
        if metric in RATIOS:
            table[metric] = groups[RATIOS[metric]].mean() / groups["share"].mean()
    # networks and data sets stay in the order of the results
    table = table.reset_index()
    place = table[["network", "dataset"]].apply(lambda column: pd.factorize(column)[0])
    order = place.assign(worst=-table[metrics[0]]).sort_values([*place.columns, "worst"], kind="stable").index
    return table.loc[order].reset_index(drop=True)


def per_split(results: pd.DataFrame, *, split_kind: str = "unseen_genes") -> pd.DataFrame:
    """Accuracies of every split, with the ``share`` of edges; seeds are averaged. Only what could be scored."""
    scored = results[(results["status"] == OK) & (results["split_kind"] == split_kind)]
    scored = scored.assign(share=scored["n_edges"] / scored["n_pairs"])
    scored["hit1_ratio"] = scored["hit1"] / scored["share"]
    keys = [*CASE, "cells", "block", "split"]
    return scored.drop(columns="seed").groupby(keys, sort=False).mean(numeric_only=True).reset_index()
