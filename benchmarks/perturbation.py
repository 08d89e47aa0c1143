"""Whether in-silico knock-outs shift genes the right way.

    INFOSEM_DATA=path/to/data python benchmarks/perturbation.py curated --output benchmarks/results
    python benchmarks/perturbation.py sergio --output benchmarks/results

`curated`: on four Boolean networks with signed truth (BEELINE), each regulator is knocked out in turn. Of the true
edges, the share whose target shifts against the sign of the edge: with all effects, with direct ones, and by the sign
of the correlation of the two genes.

`sergio`: every regulator of networks simulated by SERGIO is knocked out in the simulation's own equations, too. Of the
genes whose mean changes by more than 5 %, the share whose shift has the right sign, and Spearman's correlation of the
shift of all genes with the true one, means over knock-outs. Beside the model the correlation and a linear SEM, each
gene's lasso on the regulators with the penalty of the best cross-validation, its effects followed to their end.
"""

from __future__ import annotations

import argparse
import logging
import os
import warnings
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import LassoCV

from infosem import InfoSEM, datasets
from infosem.module._sem import total_effects

NETWORKS = ("GSD", "HSC", "VSC", "mCAD")
SIMULATED: tuple[dict[str, Any], ...] = (
    {"n_cells": 1500, "n_genes": 200, "n_regulators": 40, "n_types": 6, "depth": 4000.0, "seed": 11},
    {"n_cells": 900, "n_genes": 120, "n_regulators": 25, "n_types": 4, "depth": 3000.0, "seed": 12},
    {"n_cells": 1800, "n_genes": 300, "n_regulators": 60, "n_types": 9, "depth": 6000.0, "dropout": 0.2, "seed": 13},
    {"n_cells": 600, "n_genes": 150, "n_regulators": 30, "n_types": 3, "depth": 8000.0, "seed": 14},
)
NOTICEABLE = 0.05


def fit(adata: ad.AnnData, seed: int, **setup: Any) -> InfoSEM:
    """The default model without priors."""
    InfoSEM.setup_anndata(adata, embedding_key=None, interactions_key=None, **setup)
    model = InfoSEM(adata, seed=seed)
    model.train(accelerator="cpu", enable_progress_bar=False, enable_model_summary=False)
    return model


def shifts(model: InfoSEM, propagation: str) -> pd.DataFrame:
    """Mean shift of every gene (columns) on the knock-out of every regulator (rows)."""
    found = {}
    for gene in model.regulator_names:
        found[gene] = model.get_intervention_shift(gene, to=0.0, propagation=propagation).mean()
    return pd.DataFrame(found).T


def share_right(truth: np.ndarray, effect: np.ndarray) -> float:
    """Share of the true edges whose effect has their sign; NaN where there is no effect."""
    true = truth != 0
    known = ~np.isnan(effect[true])
    return float((np.sign(effect[true]) == np.sign(truth[true]))[known].mean()) if known.any() else float("nan")


def curated(seeds: int) -> pd.DataFrame:
    """Share of the signs that are right, a row for each network."""
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
        radii, right = [], {"steady-state": [], "direct": []}
        for seed in range(seeds):
            model = fit(adata, seed, regulator_key=None)
            radii.append(model.get_spectral_radius())
            for propagation, shares in right.items():
                # a knock-out takes the effect away
                shares.append(share_right(truth, -shifts(model, propagation).to_numpy()))
        row |= {"radius": np.mean(radii), **{name: np.mean(shares) for name, shares in right.items()}}
        rows.append(row)
    return _with_mean(pd.DataFrame(rows), "network")


def linear_sem(x: np.ndarray, regulators: np.ndarray) -> np.ndarray:
    """Minus the total effect of every regulator on every gene, ``(R, G)``, in standard deviations."""
    z = (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1)
    weights = np.zeros((len(regulators), x.shape[1]))
    for gene in range(x.shape[1]):
        others = np.flatnonzero(regulators != gene)
        weights[others, gene] = LassoCV(alphas=20, cv=5).fit(z[:, regulators[others]], z[:, gene]).coef_
    matrix, columns = torch.as_tensor(weights), torch.as_tensor(regulators)
    return -np.stack([total_effects(matrix, columns, row).numpy() for row in range(len(regulators))])


def sergio(seeds: int) -> pd.DataFrame:
    """Signs and ranks of the shifts, a row for each simulation and method."""
    rows = []
    for sizes in SIMULATED:
        adata = datasets.sergio(**sizes, knock_outs="all")
        truth, x = adata.uns["knock_outs"][list(adata.var_names)], adata.X.toarray()
        regulators = adata.var_names.get_indexer(truth.index)
        mean = np.maximum(x.mean(0), 1e-3)
        effects = {"correlation": [-np.corrcoef(x.T)[regulators]], "linear SEM": [linear_sem(x, regulators)]}
        for seed in range(seeds):
            model = fit(adata, seed)
            for propagation in ("steady-state", "direct"):
                relative = shifts(model, propagation).loc[truth.index].to_numpy() / mean
                effects.setdefault(f"infosem, {propagation}", []).append(relative)
        for method, found in effects.items():
            scores = np.mean([agreement(one, truth.to_numpy(), regulators) for one in found], axis=0)
            row = {"simulation": f"{x.shape[0]} cells, {x.shape[1]} genes, {len(regulators)} regulators"}
            rows.append({**row, "method": method, "sign": scores[0], "rank correlation": scores[1]})
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    means = table.groupby("method", sort=False)[["sign", "rank correlation"]].mean().reset_index()
    return pd.concat([table, means.assign(simulation="mean")], ignore_index=True)


def agreement(effect: np.ndarray, truth: np.ndarray, regulators: np.ndarray) -> tuple[float, float]:
    """Share of right signs among noticeable changes, and rank correlation over all genes; means over knock-outs."""
    signs, ranks = [], []
    for row, regulator in enumerate(regulators):
        others = np.arange(truth.shape[1]) != regulator
        noticeable = others & (np.abs(truth[row]) > NOTICEABLE)
        if noticeable.any():
            signs.append((np.sign(effect[row]) == np.sign(truth[row]))[noticeable].mean())
            ranks.append(spearmanr(effect[row, others], truth[row, others]).statistic)
    return float(np.mean(signs)), float(np.mean(ranks))


def _with_mean(table: pd.DataFrame, name: str) -> pd.DataFrame:
    table.loc[len(table)] = {name: "mean", **table.mean(numeric_only=True)}
    return table


PARTS = {"curated": (curated, "perturbation.csv"), "sergio": (sergio, "knock_outs.csv")}


def main() -> None:
    """Run one part and write its CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.filterwarnings("ignore")
    function, file = PARTS[arguments.part]
    table = function(arguments.seeds)
    versions = " ".join(f"{package} {version(package)}" for package in ("infosem", "torch", "scvi-tools"))
    arguments.output.mkdir(parents=True, exist_ok=True)
    stamped = table.round(3).assign(seeds=arguments.seeds, versions=versions, date=date.today().isoformat())
    stamped.to_csv(arguments.output / file, index=False)
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
