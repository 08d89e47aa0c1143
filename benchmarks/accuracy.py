"""What the user guide says of accuracy: means and standard deviations over splits, and paired differences.

    python benchmarks/accuracy.py

From results/defaults and results/paper, between unseen genes. Writes results/accuracy.csv, of every method, network
and data set, and results/differences.csv, of infosem with and without known interactions to other methods.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from infosem import benchmark

RESULTS = Path(__file__).parent / "results"
OF_PAPER = (
    "GRNBoost2", "RegDiffusion", "InfoSEM without priors", "DeepSEM", "InfoSEM-B (MiniLM)", "InfoSEM-B (BioBERT)",
    "InfoSEM-B (MiniLM, permuted)", "InfoSEM-B prior mean (MiniLM)", "InfoSEM-BC (MiniLM)", "One-hot LR",
)  # fmt: skip
METRICS = (
    "auprc", "auprc_ratio", "auprc_over_random", "regulator_auprc_ratio", "matched_auprc", "auprc_regulator_means",
    "hit1", "early_precision_ratio", "auroc", "recall1", "recall10", "recall50",
)  # fmt: skip


def main() -> None:
    """Write both tables."""
    paper = benchmark.read_results(RESULTS / "paper" / "results.csv")
    paper = paper[paper["method"].isin(OF_PAPER) & (paper["cells"] == 1)]
    results = pd.concat([benchmark.read_results(RESULTS / "defaults" / "results.csv"), paper])
    means = benchmark.summary(results, metrics=METRICS)
    by_method = means.groupby("method", sort=False)
    everywhere = by_method["dataset"].transform("size") == by_method["dataset"].size().max()
    overall = means[everywhere].groupby("method", sort=False)[list(METRICS)].mean().reset_index()
    overall.insert(0, "network", "mean")
    table = pd.concat([means, overall])
    table.to_csv(RESULTS / "accuracy.csv", index=False, float_format="%.3f", lineterminator="\n")

    compared = []
    for method in ("infosem, known interactions", "infosem"):
        for metric in ("auprc_ratio", "auprc_over_random", "regulator_auprc_ratio", "matched_auprc"):
            found = benchmark.paired_differences(results, method, metric=metric)
            compared.append(found.assign(method=method, metric=metric))
    differences = pd.concat(compared)
    differences = differences[["method", "other", "metric", *differences.columns[1:-2]]]
    differences.to_csv(RESULTS / "differences.csv", index=False, float_format="%.3f", lineterminator="\n")
    of_all = differences[(differences["network"] == "all") & (differences["metric"] != "auprc_over_random")]
    print(of_all.drop(columns=["network", "dataset"]).round(2).to_string(index=False))


if __name__ == "__main__":
    main()
