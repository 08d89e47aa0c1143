"""Tables of the paper: ours beside the paper's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from infosem.benchmark._splits import UNSEEN_GENES, UNSEEN_INTERACTIONS
from infosem.benchmark.report._markdown import NOT_PLANNED, mean_sd, slashed
from infosem.benchmark.report._paper import NON_SPECIFIC, TABLES, network_title, paper_method, paper_numbers
from infosem.benchmark.report._study import Study
from infosem.benchmark.report._summary import over_splits

BLOCK_TITLES = {
    UNSEEN_GENES: "interactions between unseen genes",
    UNSEEN_INTERACTIONS: "unseen interactions between seen genes",
}
METRIC_TITLES = {"auprc": "AUPRC", "hit1": "Hit@1%"}
RECALLS = ("recall1", "recall5", "recall10", "recall50")


@dataclass(frozen=True)
class Table:
    """A table of a report.

    Attributes
    ----------
    name
        Of its CSV file.
    title
        Heading.
    data
        Numbers, for the CSV file.
    texts
        What is printed, by caption: texts with a row per method.
    note
        What to know to read it.
    """

    name: str
    title: str
    data: pd.DataFrame
    texts: dict[str, pd.DataFrame]
    note: str = ""


def method_table(study: Study) -> Table:
    """Table 1: what every method reads."""
    rows = []
    for method in study.methods:
        cls = study.implementation(method)
        if cls is not None:
            reads = {"expression": cls.uses_expression, "known network": cls.uses_labels, "text": cls.uses_text}
            rows.append({"method": method, **reads})
    data = pd.DataFrame(rows)
    text = data.replace({True: "yes", False: NOT_PLANNED}) if len(data) else data
    return Table("table_1", "Table 1: methods and what they read", data, {"": text})


def accuracy_tables(study: Study) -> list[Table]:
    """Tables 2 to 5, and the same for networks that the paper does not have."""
    places = [(block, network) for block in BLOCK_TITLES for network in study.networks]
    places.sort(key=lambda place: TABLES.get(place, len(TABLES) + 2))
    return [_accuracy_table(study, block, network) for block, network in places]


def _accuracy_table(study: Study, block: str, network: str) -> Table:
    metrics = [column for metric in METRIC_TITLES for column in (metric, f"{metric}_over_random")]
    data = over_splits(study.main, block=block, metrics=metrics)
    data = data[data["network"] == network]
    paper = paper_numbers()
    paper = paper[(paper["network"] == network) & (paper["block"] == block)]
    for metric in METRIC_TITLES:
        data = beside_paper(data, paper, metric)
    texts = {caption: _beside_text(study, data, paper, network, metric) for metric, caption in METRIC_TITLES.items()}
    table = TABLES.get((block, network))
    title = f"{BLOCK_TITLES[block]}, {network_title(network)}"
    size = _size_note(study, network, block)
    name = f"table_{table}" if table else f"{block}_{network}"
    return Table(name, f"Table {table}: {title}" if table else title.capitalize(), data, texts, size)


def beside_paper(data: pd.DataFrame, paper: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Add the paper's mean, sd and ratio to random of a metric."""
    numbers = paper[paper["metric"] == metric].set_index(["dataset", "method"])[["mean", "sd", "ratio"]]
    numbers.columns = [f"{metric}_paper", f"{metric}_sd_paper", f"{metric}_over_random_paper"]
    return data.assign(paper_method=data["method"].map(paper_method)).join(
        numbers, on=["dataset", "paper_method"]
    ).drop(columns="paper_method")  # fmt: skip


def _beside_text(study: Study, data: pd.DataFrame, paper: pd.DataFrame, network: str, metric: str) -> pd.DataFrame:
    theirs = {
        (row.method, row.dataset): mean_sd(row.mean, row.sd, row.ratio)
        for row in paper[paper["metric"] == metric].itertuples()
    }
    columns = [dataset for dataset in study.datasets if any(name == dataset for _, name in theirs)]

    def ours(row: pd.Series) -> str:
        return mean_sd(row[metric], row[f"{metric}_sd"], row[f"{metric}_over_random"])

    text = wide_text(study, data, [network], ours)
    for dataset in columns:
        at = text.columns.get_loc(dataset) + 1
        beside = [theirs.get((paper_method(method), dataset), "") for method in text["method"]]
        text.insert(at, f"{dataset}, paper", beside)
    return text


def wide_text(
    study: Study,
    data: pd.DataFrame,
    networks: Sequence[str],
    cell: Callable[[pd.Series], str],
    *,
    split_kind: str = "unseen_genes",
    methods: Sequence[str] | None = None,
) -> pd.DataFrame:
    """A row per method and a column per data set and network.

    Parameters
    ----------
    study
        What was planned.
    data
        A summary.
    networks
        Networks to show.
    cell
        Text of a row of the summary.
    split_kind
        Kind of split, for what was not run.
    methods
        Which, in this order; by default those with all cells and labels.

    Returns
    -------
    Texts; how many splits there are, if not all; methods that were neither run nor planned are left out.
    """
    by_cell = {(row["network"], row["dataset"], row["method"]): row for _, row in data.iterrows()}
    rows = []
    for method in study.methods if methods is None else methods:
        texts = {}
        for network in networks:
            for dataset in study.datasets:
                row = by_cell.get((network, dataset, method))
                if row is None:
                    text = study.absent(method, dataset, network, split_kind)
                else:
                    text = cell(row)
                    if row["n_splits"] < study.n_splits:
                        text += f" [{row['n_splits']} of {study.n_splits}]"
                texts[dataset if len(networks) == 1 else f"{dataset}, {network_title(network)}"] = text
        if set(texts.values()) != {NOT_PLANNED}:
            rows.append({"method": method, **texts})
    return pd.DataFrame(rows)


def _size_note(study: Study, network: str, block: str) -> str:
    rows = study.main[(study.main["network"] == network) & (study.main["block"] == block)]
    rows = rows[(rows["split_kind"] == "unseen_genes") & rows["n_pairs"].notna()].drop_duplicates(["dataset", "split"])
    rows = rows.assign(share=rows["n_edges"] / rows["n_pairs"])
    sizes = rows.groupby("dataset", sort=False)[["n_pairs", "n_edges", "share", "n_top1"]].mean()
    return "Means over splits: " + "; ".join(
        f"{name} {row.n_pairs:.0f} pairs, {row.n_edges:.0f} edges (share {row.share:.3f}), "
        f"the best 1 % are {row.n_top1:.1f} pairs on average"
        for name, row in sizes.iterrows()
    )  # fmt: skip


def recall_table(study: Study) -> Table:
    """Table 6: recall of positives, with every cut-off that the paper may have meant."""
    network = NON_SPECIFIC if NON_SPECIFIC in study.networks else study.networks[-1]
    data = over_splits(study.main, metrics=RECALLS)
    data = data[data["network"] == network]
    paper = paper_numbers()
    paper = paper[paper["metric"] == "recall"] if network == NON_SPECIFIC else paper[:0]
    text = wide_text(study, data, [network], lambda row: slashed([row[metric] for metric in RECALLS]))
    for dataset in study.datasets:
        numbers = paper[paper["dataset"] == dataset].set_index("method")["mean"]
        if len(numbers):
            beside = [
                f"{numbers[name]:.2f}" if (name := paper_method(method)) in numbers else "" for method in text["method"]
            ]
            text.insert(text.columns.get_loc(dataset) + 1, f"{dataset}, paper", beside)
    return Table(
        "table_6",
        f"Table 6: recall of positives between unseen genes, {network_title(network)}",
        beside_paper(data, paper, "recall"),
        {"": text},
        "Share of the edges among the best 1 / 5 / 10 / 50 % of the pairs; the paper does not say its cut-off.",
    )
