"""Sentences whose numbers are computed from the results."""

from __future__ import annotations

from infosem.benchmark._splits import UNSEEN_GENES, UNSEEN_INTERACTIONS
from infosem.benchmark.report._markdown import number, times
from infosem.benchmark.report._paper import network_title
from infosem.benchmark.report._study import Study
from infosem.benchmark.report._summary import CASE, over_splits


def findings(study: Study) -> list[str]:
    """What a reader should know first, of every network."""
    return [sentence for network in study.networks for sentence in _of_network(study, network)]


def _of_network(study: Study, network: str) -> list[str]:
    metrics = ["auprc", "auprc_over_random", "auprc_regulator_means"]
    genes = over_splits(study.main, block=UNSEEN_GENES, metrics=metrics)
    genes = genes[genes["network"] == network]
    if genes.empty:
        return []
    title = _capital(network_title(network))
    best = genes.drop_duplicates("dataset")
    sentences = [
        f"{title}: the best AUPRC between unseen genes has "
        + ", ".join(
            f"{row.method} on {row.dataset} ({number(row.auprc)}, {times(row.auprc_over_random)})"
            for row in best.itertuples()
        )
        + "."
    ]
    interactions = over_splits(study.main, block=UNSEEN_INTERACTIONS, metrics=["auprc", "auprc_over_random"])
    both = genes.merge(interactions, on=CASE, suffixes=("", "_interactions"))
    means = both.groupby("method")[["auprc_over_random_interactions", "auprc_over_random"]].mean()
    before, after = means["auprc_over_random_interactions"], means["auprc_over_random"]
    falls = [
        f"{method} {times(before[method])} to {times(after[method])}"
        for method in study.methods
        if method in means.index and (cls := study.implementation(method)) and cls.uses_labels
    ]
    if falls:
        sentences.append(
            f"{title}: from unseen interactions to unseen genes, AUPRC over that of a random order, of methods "
            f"that read labels, mean of their data sets: {', '.join(falls)}."
        )
    is_better = genes["auprc_regulator_means"] >= genes["auprc"]
    counted = genes["method"].map(lambda name: _reads_genes(study, name))
    if counted.any():
        sentences.append(
            f"{title}: in {is_better[counted].sum()} of {counted.sum()} cases of a data set and a method that reads "
            "expression or text, the mean of each regulator's scores alone has at least the AUPRC of the scores."
        )
    return sentences


def _reads_genes(study: Study, method: str) -> bool:
    """Whether scores can be more than means of regulators and targets."""
    cls = study.implementation(method)
    return cls is not None and (cls.uses_expression or cls.uses_text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
