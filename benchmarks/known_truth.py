"""How well methods find networks whose truth is known: a table by data set, and geometric means.

    infosem benchmark --config benchmarks/configs/known_truth.toml --output benchmarks/results/known_truth --jobs 2
    python benchmarks/known_truth.py

The second reads what the first wrote, prints two tables, and writes them beside it: accuracy.csv, a row per method and
data set, and table.md. A number is the AUPRC over that of a random order: of all pairs of the regulators that have a
target, and after the slash the mean over these regulators of the same within the targets of one. Geometric means give
every data set the same say; a method that lacks one has none.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from infosem import benchmark

RESULTS = Path(__file__).parent / "results" / "known_truth"
GROUPS = {"dream4": "DREAM4", "sergio": "SERGIO", "planted": "linear model"}
"""By the beginning of a data set's name; the others are Boolean models."""

OTHERS, EVERYTHING = "Boolean models", "all"
COLUMNS = {"auprc_over_random": "all_pairs", "mean_regulator_ratio": "within_regulators"}


def accuracies(results: pd.DataFrame) -> pd.DataFrame:
    """A row per method and data set, in the order of the configuration."""
    found = benchmark.summary(results, block="all_pairs", split_kind="whole_network", metrics=list(COLUMNS))
    found = found.rename(columns=COLUMNS)[["dataset", "method", *COLUMNS.values()]]
    size = results.drop_duplicates(["dataset", "method"])[["dataset", "method", "n_pairs", "n_edges", "seconds"]]
    table = found.merge(size, on=["dataset", "method"])
    table.insert(0, "group", [GROUPS.get(name.split("_")[0], OTHERS) for name in table["dataset"]])
    return table


def geometric_means(table: pd.DataFrame) -> pd.DataFrame:
    """A row per method and group of data sets, and over all of them; of methods that have them all."""
    everything = pd.concat([table, table.assign(group=EVERYTHING)])
    complete = everything.groupby(["group", "method"], sort=False)["dataset"].nunique()
    wanted = everything.groupby("group")["dataset"].nunique()
    complete = complete[complete == wanted.reindex(complete.index.get_level_values("group")).to_numpy()].index
    logs = np.log(everything.set_index(["group", "method"])[list(COLUMNS.values())].clip(lower=0.01))
    return np.exp(logs.groupby(level=["group", "method"], sort=False).mean()).loc[complete].reset_index()


def wide(table: pd.DataFrame, rows: str, columns: str) -> pd.DataFrame:
    """Texts "all pairs / within regulators"."""
    text = table["all_pairs"].map("{:.2f}".format) + " / " + table["within_regulators"].map("{:.2f}".format)
    cells = table.assign(text=text).set_index([rows, columns])["text"].unstack()  # noqa: PD010
    return cells.reindex(index=table[rows].unique(), columns=table[columns].unique()).fillna("-")


def markdown(table: pd.DataFrame) -> str:
    """A table as markdown."""
    rows = [[name, *row] for name, row in zip(table.index, table.to_numpy(), strict=True)]
    lines = [["", *table.columns], ["---"] * (len(table.columns) + 1), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def main() -> None:
    """Print and write both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS)
    folder = parser.parse_args().results
    table = accuracies(benchmark.read_results(folder / "results.csv"))
    means = geometric_means(table)
    groups = {group: i for i, group in enumerate(table["group"].unique())}
    order = means[means["group"] == EVERYTHING].sort_values("all_pairs", ascending=False)["method"]
    order = [*order, *(method for method in table["method"].unique() if method not in set(order))]
    by_group = wide(means, "method", "group").reindex(order, fill_value="-")
    by_set = wide(table.sort_values("group", key=lambda group: group.map(groups), kind="stable"), "dataset", "method")

    everything = pd.concat([table, means.assign(dataset="geometric mean")])
    everything.to_csv(folder / "accuracy.csv", index=False, float_format="%.3f", lineterminator="\n")
    text = f"Geometric means.\n\n{markdown(by_group)}\n\nBy data set.\n\n{markdown(by_set[order])}\n"
    (folder / "table.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
