"""Whether the sign of a weight tells activation from repression.

    INFOSEM_DATA=path/to/data python benchmarks/signs.py --output benchmarks/results

On four curated Boolean networks with signed truth (BEELINE), the share of true edges whose sign is right: the sign of
the Pearson correlation of the two genes, of their partial correlation, of A, of A less its median, and of A less its
row and column means. `InfoSEM.get_edges` uses the best of them.
"""

from __future__ import annotations

import argparse
import logging
import os
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd

from infosem import InfoSEM

NETWORKS = ("GSD", "HSC", "VSC", "mCAD")
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "alternating": {"schedule": "alternating"},
    "long": {
        "schedule": "alternating",
        "max_epochs": 240,
        "plan_kwargs": {"lr_networks": 1e-3, "lr_decay": 0.99},
    },
}


def candidates(adata: ad.AnnData, *, seed: int) -> dict[str, np.ndarray]:
    """Genes x genes matrices whose sign could be that of the effect."""
    correlation = np.corrcoef(np.asarray(adata.X.todense() if hasattr(adata.X, "todense") else adata.X).T)
    n_genes = adata.n_vars
    others = ~np.eye(n_genes, dtype=bool)
    found = {
        "correlation": correlation,
        "partial correlation": -np.linalg.inv(correlation + 1e-3 * np.eye(n_genes)),
    }
    for standardise in ("non-zero", "all"):
        for name, options in SETTINGS.items():
            InfoSEM.setup_anndata(adata)
            model = InfoSEM(adata, standardise=standardise, seed=seed)
            model.train(accelerator="cpu", enable_progress_bar=False, **options)
            weights = model.get_adjacency().to_numpy()
            rows = weights.sum(1, keepdims=True) / (n_genes - 1)
            columns = weights.sum(0, keepdims=True) / (n_genes - 1)
            label = f"{standardise}, {name}"
            found[f"A ({label})"] = weights
            found[f"A - median ({label})"] = weights - np.median(weights[others])
            found[f"A - row and column means ({label})"] = weights - rows - columns + weights[others].mean()
    return found


def main() -> None:
    """Run the comparison and write one CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    right: dict[str, dict[str, float]] = {}
    n_edges = {}
    for name in NETWORKS:
        adata = ad.read_h5ad(Path(os.environ["INFOSEM_DATA"]) / "curated" / f"{name}.h5ad")
        truth = adata.varp["truth"]
        truth = truth.toarray() if hasattr(truth, "toarray") else np.array(truth)
        np.fill_diagonal(truth, 0)
        edges = truth != 0
        n_edges[name] = int(edges.sum())
        for candidate, matrix in candidates(adata, seed=arguments.seed).items():
            share = float((np.sign(matrix[edges]) == np.sign(truth[edges])).mean())
            right.setdefault(candidate, {})[name] = round(share, 3)
        print(name, "done", flush=True)
    table = pd.DataFrame(right).T
    table["all edges"] = (table[list(NETWORKS)] @ pd.Series(n_edges) / sum(n_edges.values())).round(3)
    table.index.name = "sign of"
    table["versions"] = " ".join(f"{name} {version(name)}" for name in ("infosem", "torch", "scvi-tools"))
    table["date"] = date.today().isoformat()
    arguments.output.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output / "signs.csv")
    print(table[[*NETWORKS, "all edges"]].to_string())


if __name__ == "__main__":
    main()
