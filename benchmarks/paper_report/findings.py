"""Sentences whose numbers are computed from the results."""

from __future__ import annotations

from infosem.benchmark._splits import UNSEEN_INTERACTIONS
from infosem.benchmark._summary import CASE

from .markdown import number, times
from .paper import NETWORKS
from .study import Study


def findings(study: Study) -> list[str]:
    """What a reader should know first, of every network."""
    return [sentence for network in NETWORKS for sentence in _of_network(study, network)]


def _of_network(study: Study, network: str) -> list[str]:
    genes = study.of(network, "auprc", "auprc_over_random", "auprc_regulator_means")
    if genes.empty:
        return []
    best = ", ".join(
        f"{row.method} on {row.dataset} ({number(row.auprc)}, {times(row.auprc_over_random)})"
        for row in genes.drop_duplicates("dataset").itertuples()
    )
    sentences = [f"the best AUPRC between unseen genes has {best}."]

    interactions = study.of(network, "auprc", "auprc_over_random", block=UNSEEN_INTERACTIONS)
    both = genes.merge(interactions, on=CASE, suffixes=("_genes", "_interactions"))
    means = both.groupby("method")[["auprc_over_random_interactions", "auprc_over_random_genes"]].mean()
    classes = {method: study.implementation(method) for method in study.methods}
    falls = [
        f"{method} {' to '.join(map(times, means.loc[method]))}"
        for method, cls in classes.items()
        if cls and cls.uses_labels and method in means.index
    ]
    if falls:
        sentences.append(
            "from unseen interactions to unseen genes, AUPRC over that of a random order, of methods "
            f"that read labels, mean of their data sets: {', '.join(falls)}."
        )

    # the scores of other methods are nothing but means of regulators and targets
    classes = {method: study.implementation(method) for method in set(genes["method"])}
    reading = [method for method, cls in classes.items() if cls and (cls.uses_expression or cls.uses_text)]
    counted = genes[genes["method"].isin(reading)]
    if len(counted):
        sentences.append(
            f"in {(counted['auprc_regulator_means'] >= counted['auprc']).sum()} of {len(counted)} cases of a data set "
            "and a method that reads expression or text, the mean of each regulator's scores alone has at least the "
            "AUPRC of the scores."
        )
    title = NETWORKS[network]
    return [f"{title[:1].upper()}{title[1:]}: {sentence}" for sentence in sentences]
