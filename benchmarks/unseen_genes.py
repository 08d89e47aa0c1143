"""Accuracy on interactions between unseen genes, on real cells.

    INFOSEM_DATA=path/to/data python benchmarks/unseen_genes.py --dataset hESC_TFs500 --output benchmarks/results

Fits the Laplace model, the text prior and the text prior with permuted embeddings, and scores |A| on blocks of unseen
transcription factors x unseen other genes (section 4.2 of the paper): a quarter of the factors and a quarter of the
other genes with a positive, each drawn with the split's seed; targets without a positive in the block are left out.
The score is the mean AUPRC over the splits divided by the mean share of positives, the ratio to a random order. Ten
splits as in the paper, and 200, because ten have a standard error of about 0.1.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from infosem import InfoSEM


def unseen_blocks(truth: np.ndarray, is_tf: np.ndarray, n_splits: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows and columns of the unseen-gene block of every split."""
    factors = np.flatnonzero(truth.any(1))
    others = np.setdiff1d(np.flatnonzero(truth.any(0)), np.flatnonzero(is_tf))
    blocks = []
    for seed in range(n_splits):
        rng = np.random.default_rng(seed)
        rows = rng.permutation(factors)[: max(1, len(factors) // 4)]
        columns = rng.permutation(others)[: len(others) // 4]
        columns = columns[truth[np.ix_(rows, columns)].any(0)]
        if len(columns):
            blocks.append((rows, columns))
    return blocks


def ratio_to_random(score: np.ndarray, truth: np.ndarray, blocks: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Mean AUPRC of the blocks over their mean share of positives."""
    auprc, prevalence = [], []
    for block in blocks:
        labels = truth[np.ix_(*block)].ravel()
        auprc.append(average_precision_score(labels, score[np.ix_(*block)].ravel()))
        prevalence.append(labels.mean())
    return float(np.mean(auprc) / np.mean(prevalence))


def fit(adata: ad.AnnData, *, seed: int, accelerator: str, regulator_key: str | None, **options: object) -> InfoSEM:
    """One default fit; returns the trained model."""
    InfoSEM.setup_anndata(adata, embedding_key="embedding", regulator_key=regulator_key)
    model = InfoSEM(adata, seed=seed, **options)
    model.train(accelerator=accelerator, enable_progress_bar=False)
    return model


def main() -> None:
    """Run the benchmark and write one CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="hESC_TFs500")
    parser.add_argument("--network", default="chip_cell_specific")
    parser.add_argument("--embedding", default="X_biobert")
    parser.add_argument("--all-regulators", action="store_true", help="let all genes be regulators, as DeepSEM does")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--accelerator", default="cpu")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    adata = ad.read_h5ad(Path(os.environ["INFOSEM_DATA"]) / "beeline" / f"{arguments.dataset}.h5ad")
    truth = adata.varp[arguments.network].toarray() != 0
    is_tf = adata.var["is_tf"].to_numpy(dtype=bool)
    blocks = {n: unseen_blocks(truth, is_tf, n) for n in (10, 200)}
    regulator_key = None if arguments.all_regulators else "is_tf"
    embeddings = np.asarray(adata.varm[arguments.embedding])

    rows = []

    def record(method: str, seed: int | None, score: np.ndarray, seconds: float | None = None) -> None:
        row = {"method": method, "seed": seed, "seconds": seconds and round(seconds, 1)}
        row_means = np.repeat(score.mean(1, keepdims=True), score.shape[1], axis=1)
        for n, kept in blocks.items():
            row[f"ratio_{n}_splits"] = round(ratio_to_random(score, truth, kept), 3)
            row[f"row_means_{n}_splits"] = round(ratio_to_random(row_means, truth, kept), 3)
        rows.append(row)
        print(row, flush=True)

    correlation = np.nan_to_num(np.corrcoef(adata.X.toarray().T))
    record("|Pearson|", None, np.abs(correlation))
    for seed in range(arguments.seeds):
        permuted = embeddings[np.random.default_rng(seed).permutation(len(embeddings))]
        for method, prior, vectors in (
            ("Laplace", "laplace", embeddings),
            ("text", "embedding", embeddings),
            ("text, permuted", "embedding", permuted),
        ):
            adata.varm["embedding"] = vectors
            start = time.perf_counter()
            model = fit(adata, seed=seed, accelerator=arguments.accelerator, regulator_key=regulator_key, prior=prior)
            seconds = time.perf_counter() - start
            score = np.abs(model.get_adjacency().reindex(adata.var_names, fill_value=0).to_numpy())
            record(method, seed, score, seconds)

    table = pd.DataFrame(rows)
    table.insert(0, "dataset", arguments.dataset)
    table.insert(1, "network", arguments.network)
    table.insert(2, "embedding", arguments.embedding)
    table.insert(3, "regulators", "all genes" if arguments.all_regulators else "TFs")
    table["versions"] = " ".join(f"{name} {version(name)}" for name in ("infosem", "torch", "scvi-tools"))
    table["machine"] = f"{platform.machine()}, {os.cpu_count()} cores"
    table["date"] = date.today().isoformat()
    arguments.output.mkdir(parents=True, exist_ok=True)
    suffix = "_all-genes" if arguments.all_regulators else ""
    path = arguments.output / f"unseen_genes_{arguments.dataset}_{arguments.network}{suffix}.csv"
    table.to_csv(path, index=False)
    print(table.groupby("method")[[c for c in table if "splits" in c]].mean().round(3).to_string())
    print(f"Wrote {path}")


if __name__ == "__main__":
    main()
