"""Reliability of the edge probabilities on labels that were held out.

    INFOSEM_DATA=path/to/data python benchmarks/calibration.py --config benchmarks/configs/defaults.toml

From every split's training labels, the probabilities of the other pairs between seen genes and of those between unseen
genes, in bins, beside the share of edges among them; splits and data sets added up. Writes results/calibration.csv.
"""

from __future__ import annotations

import argparse
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.special import expit

from infosem import InfoSEM, benchmark
from infosem.benchmark.methods._embeddings import gene_embedding
from infosem.benchmark.methods._structural import with_priors

BINS = [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1]


def probabilities(adata: AnnData, regulators: np.ndarray, labels: benchmark.Labels) -> np.ndarray:
    """Probability of every pair, ``(G, G)``; they have a closed form, so that nothing is trained."""
    cells = with_priors(adata, regulators, embedding=gene_embedding(adata, ("X_minilm", "terms")), labels=labels)
    InfoSEM.setup_anndata(cells)
    probability = np.zeros((cells.n_vars, cells.n_vars))
    probability[regulators] = expit(InfoSEM(cells).edge_facts_.logits)
    return probability


def main() -> None:
    """Write one CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    grid = benchmark.read_config(parser.parse_args().config)
    found = []
    for dataset in grid.datasets:
        adata = dataset.load()
        for network in dataset.networks:
            truth = dataset.truth(network)
            regulators = np.flatnonzero(truth.is_regulator)
            for seed in range(grid.n_splits):
                split = benchmark.split_unseen_genes(truth, seed)
                probability = probabilities(adata, regulators, split.training_labels)
                for name in ("unseen_interactions", "unseen_genes"):
                    block = split.block(name)
                    values = {"probability": probability[block.source, block.target], "edge": block.is_edge}
                    found.append(pd.DataFrame({"network": network, "block": name, **values}))
    pairs = pd.concat(found)
    pairs["bin"] = pd.cut(pairs["probability"], BINS, include_lowest=True)
    table = pairs.groupby(["network", "block", "bin"], observed=True).agg(
        pairs=("edge", "size"), probability=("probability", "mean"), share_of_edges=("edge", "mean")
    )
    table = table.assign(infosem=version("infosem"), date=date.today().isoformat())
    table.to_csv(Path(__file__).parent / "results" / "calibration.csv", float_format="%.4g")
    print(table.to_string())


if __name__ == "__main__":
    main()
