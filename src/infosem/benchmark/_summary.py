"""Means and standard deviations over splits."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pandas as pd

from infosem.benchmark._job import FAILED, LACKS_INPUT, OK
from infosem.benchmark._metrics import random_average_precision
from infosem.benchmark._results_file import KEY
from infosem.benchmark._splits import UNSEEN_GENES

logger = logging.getLogger(__name__)

CASE = ["network", "dataset", "method"]
"""Columns that identify a row of a summary."""

OVER_RANDOM = {"auprc_over_random": ("auprc", "random_auprc"), "hit1_over_random": ("hit1", "share")}
"""Ratios to what is expected of a random order, and the two metrics that are divided after averaging."""


def summary(
    results: pd.DataFrame,
    *,
    block: str = UNSEEN_GENES,
    metrics: str | Sequence[str] = ("auprc", "auprc_over_random", "hit1", "regulator_auprc_ratio"),
    split_kind: str = "unseen_genes",
) -> pd.DataFrame:
    """Mean and standard deviation over splits, of every method, data set and network; the best first.

    Parameters
    ----------
    results
        Table of :func:`infosem.benchmark.compare` or :func:`infosem.benchmark.run`.
    block
        ``"unseen_genes"``, ``"unseen_genes_all_targets"``, ``"unseen_interactions"``, ``"train"``, ``"all_pairs"``.
    metrics
        Columns of the results; the first one orders the methods. ``"auprc_over_random"`` is the mean AUPRC over the
        mean of the AUPRC expected of a random order (``"random_auprc"``), ``"hit1_over_random"`` the mean Hit@1% over
        the mean ``"share"`` of edges: no split with few edges dominates them.
    split_kind
        ``"unseen_genes"``, ``"per_regulator"``, which has no block of unseen genes, or ``"whole_network"``, which has
        ``"all_pairs"`` alone.

    Returns
    -------
    One row per network, data set and method, with ``n_splits`` and for each metric its mean and ``<metric>_sd`` (of the
    splits' own ratios if it is a ratio; missing with one split). Seeds of a method are averaged within a split first.
    Without a scored split a method has no row; a warning says which failed or were not run, and why.
    """
    metrics = [metrics] if isinstance(metrics, str) else list(metrics)
    if len(results):
        rows = results[results["split_kind"] == split_kind]
        _check("kind of split", split_kind, results["split_kind"].unique().tolist())
        _check(f"block of the split {split_kind!r}", block, rows["block"].unique().tolist())
        rows = rows[rows["block"] == block]
        if not (rows["status"] == OK).any():
            reasons = "; ".join(rows["reason"].dropna().astype(str).unique()) or "no reason is given"
            logger.warning("No row of the block %r was scored: %s", block, reasons)
        else:
            _warn_of_absent(rows)
    for metric in metrics:
        check_metric(metric, results)
    return over_splits(per_split(results), block=block, metrics=metrics, split_kind=split_kind)


def _warn_of_absent(rows: pd.DataFrame) -> None:
    """Say which methods have no accuracy, or not that of every split, because they failed or were not run."""
    absent = rows[rows["status"].isin([FAILED, LACKS_INPUT])]
    for (method, status, reason), lost in absent.groupby(["method", "status", "reason"], sort=False, dropna=False):
        cases = lost.groupby(["dataset", "network"], sort=False)["split"].nunique()
        where = ", ".join(f"{dataset} {network} ({n})" for (dataset, network), n in cases.items())
        logger.warning("%s %s on (splits) %s: %s", method, status, where, reason)


def check_metric(metric: str, results: pd.DataFrame) -> None:
    """Raise if there is no such accuracy in the results."""
    known = [name for name in results.columns if name not in (*KEY, "status", "reason", "job", "selected")]
    _check("metric", metric, [*known, "share", "random_auprc", *OVER_RANDOM])


def _check(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise ValueError(f"{name!r} is no {what} of these results; there are {', '.join(map(repr, known))}.")


def over_splits(
    splits: pd.DataFrame, *, metrics: Sequence[str], block: str = UNSEEN_GENES, split_kind: str = "unseen_genes"
) -> pd.DataFrame:
    """What :func:`summary` returns, of the table of :func:`per_split`: no row if it has no such block or split."""
    splits = splits[(splits["block"] == block) & (splits["split_kind"] == split_kind)]
    if splits.empty:
        return pd.DataFrame(columns=[*CASE, "n_splits", *(name for m in metrics for name in (m, f"{m}_sd"))])
    groups = splits.groupby(CASE, sort=False)
    table = pd.DataFrame({"n_splits": groups["split"].nunique()})
    for metric in metrics:
        table[metric] = groups[metric].mean()
        table[f"{metric}_sd"] = groups[metric].std()
        if metric in OVER_RANDOM:
            accuracy, random = OVER_RANDOM[metric]
            table[metric] = groups[accuracy].mean() / groups[random].mean()
    # networks and data sets stay in the order of the results
    table = table.reset_index()
    place = table[["network", "dataset"]].apply(lambda column: pd.factorize(column)[0])
    order = place.assign(worst=-table[metrics[0]]).sort_values([*place.columns, "worst"], kind="stable").index
    return table.loc[order].reset_index(drop=True)


def per_split(results: pd.DataFrame) -> pd.DataFrame:
    """Accuracies of every split, with those of a random order; seeds are averaged. Only what could be scored."""
    scored = results[results["status"] == OK]
    scored = scored.assign(share=scored["n_edges"] / scored["n_pairs"])
    scored["random_auprc"] = random_average_precision(scored["n_edges"], scored["n_pairs"])
    for ratio, (accuracy, random) in OVER_RANDOM.items():
        scored[ratio] = scored[accuracy] / scored[random]
    keys = [*CASE, "split_kind", "cells", "balanced", "block", "split"]
    return scored.drop(columns="seed").groupby(keys, sort=False).mean(numeric_only=True).reset_index()
