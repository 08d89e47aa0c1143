"""Sentences whose numbers are computed from the results."""

from __future__ import annotations

import pandas as pd

from infosem.benchmark._splits import UNSEEN_GENES, UNSEEN_INTERACTIONS
from infosem.benchmark.report._markdown import number, times
from infosem.benchmark.report._paper import network_title
from infosem.benchmark.report._study import Study
from infosem.benchmark.report._summary import CASE, summary


def findings(study: Study) -> list[str]:
    """What a reader should know first, of every network."""
    return [sentence for network in study.networks for sentence in _of_network(study, network)]


def _of_network(study: Study, network: str) -> list[str]:
    metrics = ["auprc", "auprc_ratio", "auprc_regulator_means"]
    genes = summary(study.main, block=UNSEEN_GENES, metrics=metrics)
    genes = genes[genes["network"] == network]
    if genes.empty:
        return []
    title = _capital(network_title(network))
    best = genes.drop_duplicates("dataset")
    sentences = [
        f"{title}: the best AUPRC between unseen genes has "
        + ", ".join(
            f"{row.method} on {row.dataset} ({number(row.auprc)}, {times(row.auprc_ratio)})"
            for row in best.itertuples()
        )
        + "."
    ]
    reads = {method: study.implementation(method) for method in genes["method"].unique()}
    supervised = [m for m, cls in reads.items() if cls is not None and cls.uses_labels and not cls.uses_text]
    interactions = summary(study.main, block=UNSEEN_INTERACTIONS, metrics=["auprc", "auprc_ratio"])
    both = genes.merge(interactions, on=CASE, suffixes=("", "_interactions"))
    both = both[both["method"].isin(supervised)]
    if len(both):
        sentences.append(
            f"{title}: methods that read labels and no text have an AUPRC of "
            f"{_range(both['auprc_ratio_interactions'])} the share of edges on unseen interactions, and of "
            f"{_range(both['auprc_ratio'])} between unseen genes."
        )
    scored = genes[genes["method"] != "Random"]
    n_means = int((scored["auprc_regulator_means"] >= scored["auprc"]).sum())
    sentences.append(
        f"{title}: in {n_means} of {len(scored)} cases of a method and a data set, the mean of each regulator's scores "
        "alone has at least the AUPRC of the scores."
    )
    return sentences


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _range(ratios: pd.Series) -> str:
    return f"{times(ratios.min())} to {times(ratios.max())}"
