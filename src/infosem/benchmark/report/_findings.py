"""Sentences whose numbers are computed from the results."""

from __future__ import annotations

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
    interactions = summary(study.main, block=UNSEEN_INTERACTIONS, metrics=["auprc", "auprc_ratio"])
    both = genes.merge(interactions, on=CASE, suffixes=("", "_interactions"))
    means = both.groupby("method")[["auprc_ratio_interactions", "auprc_ratio"]].mean()
    falls = [
        f"{method} {times(means.loc[method, 'auprc_ratio_interactions'])} to {times(means.loc[method, 'auprc_ratio'])}"
        for method in study.methods
        if method in means.index and (cls := study.implementation(method)) and cls.uses_labels
    ]
    if falls:
        sentences.append(
            f"{title}: from unseen interactions to unseen genes, AUPRC over the share of edges of methods that read "
            f"labels, mean of their data sets: {', '.join(falls)}."
        )
    is_better = genes["auprc_regulator_means"] >= genes["auprc"]
    is_random = genes["method"] == "Random"
    sentences.append(
        f"{title}: in {is_better[~is_random].sum()} of {(~is_random).sum()} cases of a method and a data set, the mean "
        "of each regulator's scores alone has at least the AUPRC of the scores; of the method Random in "
        f"{is_better[is_random].sum()} of {is_random.sum()}."
    )
    return sentences


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
