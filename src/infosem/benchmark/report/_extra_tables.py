"""Tables that the paper lacks: what remains without hubs, per regulator, by text, other splits, costs."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from infosem.benchmark._splits import (
    ALL_PAIRS,
    UNSEEN_GENES,
    UNSEEN_GENES_ALL_TARGETS,
    UNSEEN_INTERACTIONS,
    WHOLE_NETWORK,
)
from infosem.benchmark.report._markdown import mean_sd, number, slashed, times
from infosem.benchmark.report._paper import base_method, network_title, paper_method
from infosem.benchmark.report._study import Study
from infosem.benchmark.report._summary import CASE, over_splits
from infosem.benchmark.report._tables import BLOCK_TITLES, Table, wide_text

HUBS = ("auprc", "auprc_regulator_means", "auprc_target_means", "auprc_rows_normalised")
THIRDS = tuple(f"regulator_auprc_ratio_{amount}_text" for amount in ("little", "some", "much"))


def extra_tables(study: Study) -> list[Table]:
    """All of them; those without a number are left out."""
    tables = [
        _all_targets(study),
        _hubs(study),
        _per_network(
            study, "per_regulator", "Mean over regulators of their own AUPRC, over a random order",
            ["regulator_auprc_ratio"], lambda row: _mean_sd(row, "regulator_auprc_ratio"),
            "1 = random. It doesn't reward an order of the regulators.",
        ),
        _per_network(
            study, "degree_matched", "AUPRC against degree-matched non-edges",
            ["matched_auprc"], lambda row: _mean_sd(row, "matched_auprc"),
            "0.5 = random: every gene has as much weight of non-edges as of edges.",
        ),
        _per_network(
            study, "by_text", "Regulators by the amount that is written about them",
            list(THIRDS), lambda row: slashed([row[metric] for metric in THIRDS]),
            "Mean AUPRC over regulators, over a random order (1 = random); thirds of the regulators with the "
            "shortest / middle / longest description.",
        ),
        _per_network(
            study, "auroc_epr", "AUROC and early precision ratio",
            ["auroc", "early_precision_ratio"],
            lambda row: slashed([row["auroc"], row["early_precision_ratio"]]),
            "AUROC (0.5 = random) / early precision ratio (1 = random).",
        ),
        _genelink_split(study),
        _whole_networks(study),
        _condition_table(study),
        _control_table(study),
        _costs(study),
    ]  # fmt: skip
    return [table for table in tables if len(table.data)]


def _per_network(
    study: Study, name: str, title: str, metrics: list[str], cell: Callable[[pd.Series], str], note: str
) -> Table:
    """Accuracies between unseen genes."""
    data = over_splits(study.main, metrics=metrics)
    if data[metrics].isna().all(axis=None):
        data = data[:0]
    texts = {network_title(network): wide_text(study, data, [network], cell) for network in study.networks}
    return Table(name, f"{title}, between unseen genes", data, texts, note)


def with_over_random(study: Study, block: str, metrics: tuple[str, ...]) -> pd.DataFrame:
    """Means of AUPRCs and, as ``<metric>_over_random``, those over the mean AUPRC expected of a random order."""
    means = over_splits(study.main, block=block, metrics=[*metrics, "random_auprc"])
    return means.assign(**{f"{metric}_over_random": means[metric] / means["random_auprc"] for metric in metrics})


def _all_targets(study: Study) -> Table:
    few, every = (with_over_random(study, block, ("auprc",)) for block in (UNSEEN_GENES, UNSEEN_GENES_ALL_TARGETS))
    data = few.merge(every, on=CASE, suffixes=("", "_all_targets"))
    texts = {
        network_title(network): wide_text(
            study,
            data,
            [network],
            lambda row: f"{times(row['auprc_over_random'])} / {times(row['auprc_over_random_all_targets'])}",
        )
        for network in study.networks
    }
    note = "AUPRC over that of a random order: targets that are no regulators, as in the paper / all targets."
    return Table("all_targets", "Regulators as targets, between unseen genes", data, texts, note)


def _hubs(study: Study) -> Table:
    data = with_over_random(study, UNSEEN_GENES, HUBS)
    texts = {
        network_title(network): wide_text(
            study, data, [network], lambda row: slashed([row[f"{metric}_over_random"] for metric in HUBS])
        )
        for network in study.networks
    }
    note = (
        "AUPRC over that of a random order: the method's score / each edge's score replaced by the mean of its "
        "regulator / of its target / each regulator's scores brought to mean 0 and sd 1. With few unseen regulators "
        "even a random order of them, unlike one of the pairs, is often above 1."
    )
    return Table("hubs", "What hubs explain, between unseen genes", data, texts, note)


def _genelink_split(study: Study) -> Table:
    kind = "per_regulator"
    data = over_splits(
        study.main, block=UNSEEN_INTERACTIONS, metrics=["auprc", "auprc_over_random", "hit1"], split_kind=kind
    )
    texts = {
        network_title(network): wide_text(study, data, [network], _auprc_text, split_kind=kind)
        for network in study.networks
    }
    return Table("genelink_split", "GENELink's split: AUPRC on unseen interactions, per regulator", data, texts)


def _whole_networks(study: Study) -> Table:
    metrics = ["auprc_over_random", "mean_regulator_ratio"]
    data = over_splits(study.main, block=ALL_PAIRS, metrics=metrics, split_kind=WHOLE_NETWORK)
    text = wide_text(
        study, data, study.networks, lambda row: slashed([row[metric] for metric in metrics]), split_kind=WHOLE_NETWORK
    )
    note = "AUPRC over that of a random order, of all pairs / mean over regulators of the same within their own pairs."
    return Table("whole_networks", "Whole networks: all pairs, no training labels", data, {"": text}, note)


def _costs(study: Study) -> Table:
    fits = study.results.drop_duplicates("job")
    fits = fits[fits["seconds"].notna()]
    groups = fits.groupby(["method", "dataset"], sort=False)
    data = groups.agg(n_fits=("job", "size"), seconds=("seconds", "median"), peak_mb=("peak_mb", "max"),
                      peak_gpu_mb=("peak_gpu_mb", "max")).reset_index()  # fmt: skip
    by_cell = {(row.method, row.dataset): row for row in data.itertuples()}
    text = pd.DataFrame(
        [
            {
                "method": method,
                **{
                    dataset: f"{number(row.seconds, 1)} s, {row.peak_mb:.0f} MB"
                    if (row := by_cell.get((method, dataset)))
                    else ""
                    for dataset in study.datasets
                },
            }
            for method in data["method"].unique()
        ]
    )
    note = "Median wall time of a fit, and the largest memory of its process, its libraries included."
    return Table("costs", "Time and memory of a fit", data, {"": text}, note)


def _condition_table(study: Study) -> Table:
    """Methods with fewer cells or balanced labels (Figures 5 and 6)."""
    rows = study.results[study.results["method"].isin(study.conditioned)]
    blocks = {
        block: over_splits(rows, block=block, metrics=["auprc", "auprc_over_random", "hit1", "hit1_over_random"])
        for block in BLOCK_TITLES
    }
    texts = {
        f"AUPRC, {title}, {network_title(network)}": text
        for block, title in BLOCK_TITLES.items()
        for network in study.networks
        if len(text := wide_text(study, blocks[block], [network], _auprc_text, methods=study.conditioned))
    }
    data = pd.concat([table.assign(block=block) for block, table in blocks.items()], ignore_index=True)
    return Table("conditions", "Balanced labels and fewer cells", data, texts)


def _control_table(study: Study) -> Table:
    data = over_splits(study.main, metrics=["auprc", "auprc_over_random", "regulator_auprc_ratio", "matched_auprc"])
    base = {base_method(method) for method in study.controls}
    methods = [method for method in study.methods if paper_method(method) in {"DeepSEM", *base}] + study.controls
    data = data[data["method"].isin(methods)] if study.controls else data[:0]
    texts = {
        f"AUPRC, {network_title(network)}": wide_text(study, data, [network], _auprc_text, methods=methods)
        for network in study.networks
    }
    note = "Permuted, random and one-hot embeddings say nothing about a gene."
    return Table("controls", "Controls of the text prior, between unseen genes", data, texts, note)


def _mean_sd(row: pd.Series, metric: str) -> str:
    return mean_sd(row[metric], row[f"{metric}_sd"])


def _auprc_text(row: pd.Series) -> str:
    return mean_sd(row["auprc"], row["auprc_sd"], row["auprc_over_random"])
