"""Whether in-silico knock-outs shift targets the right way.

    INFOSEM_DATA=path/to/data python benchmarks/perturbation.py --output benchmarks/results

On four curated Boolean networks with signed truth (BEELINE), each regulator is knocked out in turn. Of the true edges,
the share whose target shifts against the sign of the edge: with all effects and with direct ones, and by the sign of
the correlation of the two genes.
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


def shifts(model: InfoSEM, propagation: str) -> pd.DataFrame:
    """Mean shift of every gene (columns) on the knock-out of every gene (rows)."""
    found = {}
    for gene in model.regulator_names:
        found[gene] = model.get_intervention_shift(gene, to=0.0, propagation=propagation).mean()
    return pd.DataFrame(found).T


def share_right(truth: np.ndarray, effect: np.ndarray) -> float:
    """Share of the true edges whose effect has their sign; NaN where there is no effect."""
    true = truth != 0
    known = ~np.isnan(effect[true])
    return float((np.sign(effect[true]) == np.sign(truth[true]))[known].mean()) if known.any() else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    folder = Path(os.environ["INFOSEM_DATA"]) / "curated"
    rows = []
    for name in NETWORKS:
        adata = ad.read_h5ad(folder / f"{name}.h5ad")
        adata.X = adata.X.toarray() if hasattr(adata.X, "toarray") else np.asarray(adata.X)
        truth = adata.varp["truth"]
        truth = np.array(truth.toarray() if hasattr(truth, "toarray") else truth, dtype=float)
        np.fill_diagonal(truth, 0)
        row: dict[str, Any] = {"network": name, "edges": int((truth != 0).sum())}
        row["correlation"] = share_right(truth, np.corrcoef(adata.X.T))
        InfoSEM.setup_anndata(adata, regulator_key=None)
        radii, right = [], {"steady-state": [], "direct": []}
        for seed in range(arguments.seeds):
            model = InfoSEM(adata, seed=seed)
            model.train(accelerator="cpu", enable_progress_bar=False)
            radii.append(model.get_spectral_radius())
            for propagation, shares in right.items():
                # a knock-out takes the effect away
                shares.append(share_right(truth, -shifts(model, propagation).to_numpy()))
        row |= {"radius": np.mean(radii), **{name: np.mean(shares) for name, shares in right.items()}}
        rows.append(row)
    table = pd.DataFrame(rows)
    table.loc[len(table)] = {"network": "mean", **table.mean(numeric_only=True)}
    versions = " ".join(f"{package} {version(package)}" for package in ("infosem", "torch", "scvi-tools"))
    arguments.output.mkdir(parents=True, exist_ok=True)
    stamped = table.round(3).assign(seeds=arguments.seeds, versions=versions, date=date.today().isoformat())
    stamped.to_csv(arguments.output / "perturbation.csv", index=False)
    print(table.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
