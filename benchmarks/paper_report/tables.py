"""The tables: each a selection of the frame, as numbers for a CSV file and as text for the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from infosem.benchmark._splits import UNSEEN_GENES, UNSEEN_GENES_ALL_TARGETS, UNSEEN_INTERACTIONS
from infosem.benchmark._summary import CASE, over_splits

from .markdown import NOT_PLANNED, captioned, markdown_table, mean_sd, slashed, times
from .paper import NETWORKS, NON_SPECIFIC, TABLES, base_method, paper_method, paper_numbers
from .study import CONDITION, Study

BLOCKS = {
    UNSEEN_GENES: "interactions between unseen genes",
    UNSEEN_INTERACTIONS: "unseen interactions between seen genes",
}
METRICS = {"auprc": "AUPRC", "hit1": "Hit@1%"}
RECALLS = ("recall1", "recall5", "recall10", "recall50")
HUBS = ("auprc", "auprc_regulator_means", "auprc_target_means", "auprc_rows_normalised")
THIRDS = tuple(f"regulator_auprc_ratio_{amount}_text" for amount in ("little", "some", "much"))

Cell = Callable[[Mapping[str, float]], str]


@dataclass(frozen=True)
class Table:
    """Numbers of a table, for a CSV file, and its text in the page."""

    data: pd.DataFrame
    text: str


def _with_sd(metric: str, *ratio: str) -> Cell:
    return lambda row: mean_sd(*(row[name] for name in (metric, f"{metric}_sd", *ratio)))


def _side_by_side(*metrics: str) -> Cell:
    return lambda row: slashed(row[metric] for metric in metrics)


_AUPRC = _with_sd("auprc", "auprc_over_random")

BETWEEN_UNSEEN_GENES: dict[str, tuple[Sequence[str], Cell]] = {
    "per_regulator": (["regulator_auprc_ratio"], _with_sd("regulator_auprc_ratio")),
    "degree_matched": (["matched_auprc"], _with_sd("matched_auprc")),
    "by_text": (THIRDS, _side_by_side(*THIRDS)),
    "auroc_epr": (["auroc", "early_precision_ratio"], _side_by_side("auroc", "early_precision_ratio")),
}
"""By name of a table: the metrics that it has, and what is printed of them."""


def all_tables(study: Study) -> dict[str, Table]:
    """By name, those of the paper, then those that it lacks."""
    tables = {"table_1": _what_methods_read(study)}
    tables |= {f"table_{number}": _accuracy(study, *place) for place, number in TABLES.items()}
    tables |= {"table_6": _recall(study), "all_targets": _all_targets(study), "hubs": _hubs(study)}
    for name, (metrics, cell) in BETWEEN_UNSEEN_GENES.items():
        data = over_splits(study.main, metrics=metrics)
        tables[name] = Table(data, _by_network(study, data, cell))
    return tables | {
        "genelink_split": _genelink_split(study),
        "conditions": _conditions(study),
        "controls": _controls(study),
        "costs": _costs(study),
    }


def _text(
    study: Study, data: pd.DataFrame, network: str, cell: Cell, *, methods: Sequence[str] | None = None,
    split_kind: str = "unseen_genes",
) -> pd.DataFrame:  # fmt: skip
    """A row per method, a column per data set; how many splits there are, if not all; no row of what nobody asked for.

    Without ``methods``, those of the tables.
    """
    texts = {}
    for row in data[data["network"] == network].to_dict("records"):
        few = f" [{row['n_splits']} of {study.grid.n_splits}]" if row["n_splits"] < study.grid.n_splits else ""
        texts[row["method"], row["dataset"]] = cell(row) + few
    rows = []
    for method in study.methods if methods is None else methods:
        cells = {
            dataset: texts.get((method, dataset)) or study.absent(method, dataset, network, split_kind)
            for dataset in study.datasets
        }
        if set(cells.values()) != {NOT_PLANNED}:
            rows.append({"method": method, **cells})
    return pd.DataFrame(rows)


def _by_network(study: Study, data: pd.DataFrame, cell: Cell, caption: str = "", **options: Sequence[str]) -> str:
    """Texts of both networks, each under its name."""
    return captioned({caption + title: _text(study, data, name, cell, **options) for name, title in NETWORKS.items()})


def _beside_paper(data: pd.DataFrame, paper: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Add the paper's mean, sd and ratio to random of a metric."""
    numbers = paper[paper["metric"] == metric].set_index(["dataset", "method"])[["mean", "sd", "ratio"]]
    numbers.columns = [f"{metric}_paper", f"{metric}_sd_paper", f"{metric}_over_random_paper"]
    keyed = data.assign(of_paper=data["method"].map(paper_method))
    return keyed.join(numbers, on=["dataset", "of_paper"]).drop(columns="of_paper")


def _with_papers_columns(text: pd.DataFrame, paper: pd.DataFrame, cell: Cell) -> pd.DataFrame:
    """Insert the paper's texts behind those of each data set that it has."""
    theirs = {(row["method"], row["dataset"]): cell(row) for row in paper.to_dict("records")}
    for dataset in [name for name in text if name in set(paper["dataset"])]:
        beside = [theirs.get((paper_method(method), dataset), "") for method in text["method"]]
        text.insert(text.columns.get_loc(dataset) + 1, f"{dataset}, paper", beside)
    return text


def _what_methods_read(study: Study) -> Table:
    classes = {method: cls for method in study.methods if (cls := study.implementation(method))}
    flags = {"expression": "uses_expression", "known network": "uses_labels", "text": "uses_text"}
    data = pd.DataFrame(
        {"method": method, **{title: getattr(cls, flag) for title, flag in flags.items()}}
        for method, cls in classes.items()
    )
    return Table(data, markdown_table(data.replace({True: "yes", False: NOT_PLANNED})))


def _accuracy(study: Study, block: str, network: str) -> Table:
    """Tables 2 to 5."""
    data = study.of(network, *(column for m in METRICS for column in (m, f"{m}_over_random")), block=block)
    paper = paper_numbers().query("network == @network and block == @block")
    texts = {}
    for metric, caption in METRICS.items():
        data = _beside_paper(data, paper, metric)
        text = _text(study, data, network, _with_sd(metric, f"{metric}_over_random"))
        theirs = paper[paper["metric"] == metric]
        texts[caption] = _with_papers_columns(text, theirs, lambda row: mean_sd(row["mean"], row["sd"], row["ratio"]))
    return Table(data, f"{_sizes(study, network, block)}\n\n{captioned(texts)}")


def _sizes(study: Study, network: str, block: str) -> str:
    rows = study.main.query("network == @network and block == @block and split_kind == 'unseen_genes'")
    rows = rows.drop_duplicates(["dataset", "split"])
    sizes = rows.groupby("dataset", sort=False)[["n_pairs", "n_edges", "share", "n_top1"]].mean()
    return "Means over splits: " + "; ".join(
        f"{name} {row.n_pairs:.0f} pairs, {row.n_edges:.0f} edges (share {row.share:.3f}), "
        f"the best 1 % are {row.n_top1:.1f} pairs on average"
        for name, row in sizes.iterrows()
    )  # fmt: skip


def _recall(study: Study) -> Table:
    """Table 6: recall of positives, with every cut-off that the paper may have meant."""
    data = study.of(NON_SPECIFIC, *RECALLS)
    paper = paper_numbers().query("metric == 'recall'")
    text = _text(study, data, NON_SPECIFIC, _side_by_side(*RECALLS))
    text = _with_papers_columns(text, paper, lambda row: f"{row['mean']:.2f}")
    return Table(_beside_paper(data, paper, "recall"), markdown_table(text))


def _over_random(study: Study, block: str, metrics: Sequence[str]) -> pd.DataFrame:
    """Means of AUPRCs and, as ``<metric>_over_random``, those over the mean AUPRC expected of a random order."""
    means = over_splits(study.main, block=block, metrics=[*metrics, "random_auprc"])
    return means.assign(**{f"{metric}_over_random": means[metric] / means["random_auprc"] for metric in metrics})


def _all_targets(study: Study) -> Table:
    few, every = (_over_random(study, block, ["auprc"]) for block in (UNSEEN_GENES, UNSEEN_GENES_ALL_TARGETS))
    data = few.merge(every, on=CASE, suffixes=("", "_all_targets"))
    ratios = ("auprc_over_random", "auprc_over_random_all_targets")
    return Table(data, _by_network(study, data, lambda row: " / ".join(times(row[ratio]) for ratio in ratios)))


def _hubs(study: Study) -> Table:
    data = _over_random(study, UNSEEN_GENES, HUBS)
    return Table(data, _by_network(study, data, _side_by_side(*(f"{metric}_over_random" for metric in HUBS))))


def _genelink_split(study: Study) -> Table:
    kind, metrics = "per_regulator", ["auprc", "auprc_over_random", "hit1"]
    data = over_splits(study.main, block=UNSEEN_INTERACTIONS, metrics=metrics, split_kind=kind)
    return Table(data, _by_network(study, data, _AUPRC, split_kind=kind))


def _conditions(study: Study) -> Table:
    """Methods with fewer cells or balanced labels (Figures 5 and 6)."""
    rows = study.frame[study.frame["role"] == CONDITION]
    texts, tables = [], []
    for block, title in BLOCKS.items():
        table = over_splits(rows, block=block, metrics=["auprc", "auprc_over_random", "hit1", "hit1_over_random"])
        tables.append(table.assign(block=block))
        texts.append(_by_network(study, table, _AUPRC, f"AUPRC, {title}, ", methods=study.conditioned))
    return Table(pd.concat(tables, ignore_index=True), "\n\n".join(texts))


def _controls(study: Study) -> Table:
    """Controls, and the methods that they belong to."""
    bases = {"DeepSEM", *map(base_method, study.controls)}
    methods = [method for method in study.methods if paper_method(method) in bases] + study.controls
    data = over_splits(study.main, metrics=["auprc", "auprc_over_random", "regulator_auprc_ratio", "matched_auprc"])
    data = data[data["method"].isin(methods)]
    return Table(data, _by_network(study, data, _AUPRC, "AUPRC, ", methods=methods))


def _costs(study: Study) -> Table:
    fits = study.results.drop_duplicates("job").dropna(subset="seconds").groupby(["method", "dataset"], sort=False)
    statistics = {
        "seconds": ("seconds", "median"),
        "peak_mb": ("peak_mb", "max"),
        "peak_gpu_mb": ("peak_gpu_mb", "max"),
    }
    data = fits.agg(n_fits=("job", "size"), **statistics).reset_index()
    cells = [f"{row.seconds:.1f} s, {row.peak_mb:.0f} MB" for row in data.itertuples()]
    wide = data.assign(cell=cells).pivot_table(index="method", columns="dataset", values="cell", aggfunc="first")
    text = wide.reindex(index=data["method"].unique(), columns=study.datasets).fillna("").reset_index()
    return Table(data, markdown_table(text))
