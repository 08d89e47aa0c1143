"""Whether the joint schedule, the default, is as accurate as DeepSEM's alternating one.

    INFOSEM_DATA=path/to/data python benchmarks/schedules.py --jobs 2

Unseen genes of the four data sets, cell-type-specific and non-specific ChIP-seq, ten splits, without priors and with
text, edges by |A| and by their strength. Writes results/schedules.csv: AUPRC over prevalence, mean over the
splits, for each seed, and the seconds of a fit.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from anndata import AnnData

from infosem import InfoSEM, benchmark
from infosem.benchmark.methods._structural import with_priors


@dataclass(frozen=True, kw_only=True)
class Scheduled(benchmark.Method):
    """The model with its defaults under one of the schedules."""

    schedule: Literal["joint", "alternating"]
    prior: Literal["laplace", "embedding"]
    ranking: Literal["adjacency", "strength"]

    def score(self, adata: AnnData, regulators: np.ndarray, labels: benchmark.Labels, *, seed: int) -> np.ndarray:
        """Absolute adjacency, or strength."""
        cells = with_priors(adata, regulators, embedding=adata.varm["X_minilm"])
        InfoSEM.setup_anndata(cells)
        model = InfoSEM(cells, prior=self.prior, seed=seed)
        model.train(schedule=self.schedule, accelerator="cpu", enable_progress_bar=False, enable_model_summary=False)
        return (model.get_adjacency().abs() if self.ranking == "adjacency" else model.get_strength()).to_numpy()


def main() -> None:
    """Run the comparison and write one CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    folder = Path(os.environ["INFOSEM_DATA"]) / "beeline"
    datasets = tuple(
        benchmark.Dataset(
            name=name,
            source=folder / f"{name}_TFs{n_genes}.h5ad",
            networks={network: network for network in ("chip_cell_specific", "chip_non_specific")},
            regulator_key="is_tf",
        )
        for name, n_genes in (("hESC", 500), ("hHEP", 500), ("mDC", 1000), ("mESC", 500))
    )
    entries = tuple(
        benchmark.Entry(
            method=Scheduled(schedule=schedule, prior=prior, ranking=ranking), name=f"{prior}, {schedule}, {ranking}"
        )
        for ranking in ("adjacency", "strength")
        for prior in ("laplace", "embedding")
        for schedule in ("alternating", "joint")
    )
    grid = benchmark.Grid(datasets=datasets, entries=entries, seeds=(0, 1, 2))
    results = benchmark.run(grid, n_jobs=arguments.jobs)
    unseen = results[results.block == "unseen_genes"]
    table = unseen.groupby(["network", "dataset", "method", "seed"], sort=False)[["auprc_ratio", "seconds"]].mean()
    table = table.assign(infosem=version("infosem"), torch=version("torch"), date=date.today().isoformat())
    table.to_csv(Path(__file__).parent / "results" / "schedules.csv", float_format="%.4g")
    print(table.to_string())


if __name__ == "__main__":
    main()
