"""Tables that the paper lacks: what remains without hubs, per regulator, by text, other splits, costs."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from infosem.benchmark._splits import UNSEEN_GENES, UNSEEN_INTERACTIONS
from infosem.benchmark.report._markdown import mean_sd, number, slashed, times
from infosem.benchmark.report._paper import network_title
from infosem.benchmark.report._study import Study
from infosem.benchmark.report._summary import CASE, summary
from infosem.benchmark.report._tables import Table, wide_text

ALL_TARGETS = "unseen_genes_all_targets"
HUBS = ("auprc", "auprc_regulator_means", "auprc_target_means", "auprc_rows_normalised")
THIRDS = tuple(f"regulator_auprc_ratio_{amount}_text" for amount in ("little", "some", "much"))


def extra_tables(study: Study) -> list[Table]:
    """All of them; those without a number are left out."""
    tables = [
        _all_targets(study),
        _hubs(study),
        _per_network(
            study, "per_regulator", "Mean over regulators: AUPRC of each one's own ranking, over that of a random order",
            ["regulator_auprc_ratio"], lambda row: mean_sd(row["regulator_auprc_ratio"], row["regulator_auprc_ratio_sd"]),
            "1 = random. It doesn't reward an order of the regulators.",
        ),
        _per_network(
            study, "degree_matched", "AUPRC against degree-matched non-edges",
            ["matched_auprc"], lambda row: mean_sd(row["matched_auprc"], row["matched_auprc_sd"]),
            "0.5 = random: every gene has as much weight of non-edges as of edges.",
        ),
        _per_network(
            study, "by_text", "Regulators by the amount that is written about them",
            list(THIRDS), lambda row: slashed([row[metric] for metric in THIRDS]),
            "Mean AUPRC over regulators, over a random order (1 = random); thirds of the regulators with the shortest / "
            "middle / longest description.",
        ),
        _per_network(
            study, "auroc_epr", "AUROC and early precision ratio",
            ["auroc", "early_precision_ratio"],
            lambda row: slashed([row["auroc"], row["early_precision_ratio"]]),
            "AUROC (0.5 = random) / early precision ratio (1 = random).",
        ),
        _genelink_split(study),
        _costs(study),
    ]  # fmt: skip
    return [table for table in tables if len(table.data)]


def _per_network(
    study: Study, name: str, title: str, metrics: list[str], cell: Callable[[pd.Series], str], note: str
) -> Table:
    """Accuracies between unseen genes."""
    data = summary(study.main, metrics=metrics)
    if data[metrics].isna().all(axis=None):
        data = data[:0]
    texts = {network_title(network): wide_text(study, data, [network], cell) for network in study.networks}
    return Table(name, f"{title}, between unseen genes", data, texts, note)


def with_ratios(study: Study, block: str, metrics: tuple[str, ...]) -> pd.DataFrame:
    """Means of AUPRCs and, as ``<metric>_ratio``, those over the mean share of edges."""
    means = summary(study.main, block=block, metrics=[*metrics, "share"])
    return means.assign(**{f"{metric}_ratio": means[metric] / means["share"] for metric in metrics})


def _all_targets(study: Study) -> Table:
    few, every = (with_ratios(study, block, ("auprc",)) for block in (UNSEEN_GENES, ALL_TARGETS))
    data = few.merge(every, on=CASE, suffixes=("", "_all_targets"))
    texts = {
        network_title(network): wide_text(
            study, data, [network], lambda row: f"{times(row['auprc_ratio'])} / {times(row['auprc_ratio_all_targets'])}"
        )
        for network in study.networks
    }
    note = "AUPRC over the share of edges: targets that are no regulators, as in the paper / all targets."
    return Table("all_targets", "Regulators as targets, between unseen genes", data, texts, note)


def _hubs(study: Study) -> Table:
    data = with_ratios(study, UNSEEN_GENES, HUBS)
    texts = {
        network_title(network): wide_text(
            study, data, [network], lambda row: slashed([row[f"{metric}_ratio"] for metric in HUBS])
        )
        for network in study.networks
    }
    note = (
        "AUPRC over the share of edges: the method's score / each edge's score replaced by the mean of its regulator / "
        "of its target / each regulator's scores brought to mean 0 and sd 1."
    )
    return Table("hubs", "What hubs explain, between unseen genes", data, texts, note)


def _genelink_split(study: Study) -> Table:
    kind = "per_regulator"
    data = summary(study.main, block=UNSEEN_INTERACTIONS, metrics=["auprc", "auprc_ratio", "hit1"], split_kind=kind)
    texts = {
        network_title(network): wide_text(
            study, data, [network], lambda row: mean_sd(row["auprc"], row["auprc_sd"], row["auprc_ratio"]),
            split_kind=kind,
        )
        for network in study.networks
    }  # fmt: skip
    return Table("genelink_split", "GENELink's split: AUPRC on unseen interactions, per regulator", data, texts)


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


def condition_table(study: Study) -> Table:
    """Methods with fewer cells or balanced labels (Figures 5 and 6)."""
    rows = study.results[(study.results["cells"] < 1) | study.results["balanced"].astype(bool)]
    parts = []
    for block in (UNSEEN_GENES, UNSEEN_INTERACTIONS):
        table = summary(rows, block=block, metrics=["auprc", "auprc_ratio", "hit1", "hit1_ratio"])
        parts.append(table.assign(block=block))
    data = pd.concat(parts, ignore_index=True)
    return Table("conditions", "Balanced labels and fewer cells", data, {})


