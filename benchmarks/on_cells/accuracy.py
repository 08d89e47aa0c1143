"""How well scores rank the edges of a network that is known."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.benchmark import Labels
from infosem.benchmark._metrics import (
    expected_average_precision,
    mean_of_ratios,
    random_average_precision,
    regulator_auprc,
)

Pairs = AbstractSet[tuple[str, str]]


def ratios(score: pd.DataFrame, adata: AnnData, truth: str = "truth") -> dict[str, float]:
    """Compute the AUPRC over that of a random order, over all pairs and within regulators.

    Parameters
    ----------
    score
        Score of each pair, regulators x genes.
    adata
        Cells whose ``varp`` holds the network.
    truth
        Key of the network.

    Returns
    -------
    ``all_pairs``, of the regulators with a target, and ``within_regulators``, the mean over these regulators.
    """
    regulators = adata.var_names.get_indexer(score.index)
    is_edge = (adata.varp[truth] != 0).toarray()[regulators]
    pairs = np.ones(is_edge.shape, dtype=bool)
    pairs[np.arange(len(regulators)), regulators] = False
    pairs &= (is_edge & pairs).any(axis=1, keepdims=True)
    row, target = np.nonzero(pairs)
    labels = Labels(regulators[row], target, is_edge[row, target])
    found = score[list(adata.var_names)].to_numpy(dtype=float)[row, target]
    random = random_average_precision(int(labels.is_edge.sum()), len(labels))
    return {
        "all_pairs": expected_average_precision(labels.is_edge, found) / random,
        "within_regulators": mean_of_ratios(regulator_auprc(labels, found)),
    }


def differing(adata: AnnData, first: str, second: str) -> Pairs:
    """Pairs of regulator and target that are an edge in one group and none in the other."""
    one, other = (adata.varp[f"truth:{group}"] != 0 for group in (first, second))
    row, column = (one != other).nonzero()
    return set(zip(adata.var_names[row], adata.var_names[column], strict=True))


def calls(table: pd.DataFrame, true: Pairs, *, q: float) -> dict[str, float]:
    """Precision and recall of the pairs whose ``q_value`` is at most ``q``, and their numbers."""
    called = table[table["q_value"] <= q]
    found = set(zip(called["source"], called["target"], strict=True))
    right = len(found & true)
    return {
        "called": len(found),
        "right": right,
        "true": len(true),
        "precision": right / len(found) if found else float("nan"),
        "recall": right / len(true) if true else float("nan"),
    }
