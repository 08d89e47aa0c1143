"""Compress the results of a benchmark before they are committed, and summarise them.

    python benchmarks/pack.py benchmarks/results/paper benchmarks/results/defaults

Of every folder, results.csv becomes results.csv.xz, from which ``infosem benchmark`` goes on just as well. Beside it
summary.csv is written: mean and standard deviation over splits of every metric, with the number of splits.
"""

from __future__ import annotations

import lzma
import sys
from pathlib import Path

import pandas as pd

from infosem import benchmark
from infosem.benchmark._lock import locked
from infosem.benchmark._results_file import as_csv
from infosem.files._atomic import replacing

METRICS = (
    "auprc", "auprc_over_random", "hit1", "early_precision_ratio", "auroc", "recall1", "recall5", "recall10",
    "recall50", "regulator_auprc_ratio", "mean_regulator_ratio", "matched_auprc", "auprc_regulator_means",
    "auprc_target_means", "auprc_rows_normalised",
)  # fmt: skip


def summary_of_all(results: pd.DataFrame) -> pd.DataFrame:
    """Mean, sd and number of splits of every metric, by kind of split, block, network, data set and method."""
    tables = []
    for kind, block in results[["split_kind", "block"]].drop_duplicates().itertuples(index=False):
        if block != "train":
            table = benchmark.summary(results, block=block, split_kind=kind, metrics=METRICS)
            tables.append(table.assign(split_kind=kind, block=block))
    table = pd.concat(tables, ignore_index=True).set_index(["split_kind", "block"]).reset_index()
    return table.dropna(axis=1, how="all")


def pack(folder: Path) -> None:
    """Compress the results of a folder. The plain file goes once the compressed one gives the same rows."""
    plain, packed = folder / "results.csv", folder / "results.csv.xz"
    with locked(folder):
        results = benchmark.read_results(plain)
        before = set(benchmark.read_results(packed)["job"]) if packed.exists() else set()
        with replacing(packed) as temporary:
            temporary.write_bytes(lzma.compress(as_csv(results, header=True), preset=9 | lzma.PRESET_EXTREME))
            pd.testing.assert_frame_equal(benchmark.read_results(temporary), results)
        plain.unlink(missing_ok=True)
        with replacing(folder / "summary.csv") as temporary:
            table = summary_of_all(results)
            table.to_csv(temporary, index=False, float_format="%.4g", lineterminator="\n")
    gone = len(before - set(results["job"]))
    print(f"{packed}: {len(results)} rows; of {len(before)} fits that it had, {gone} are not in results.csv any more")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        pack(Path(name))
