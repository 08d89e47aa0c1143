"""Means over splits, against their own derivation, and selection by the training labels."""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from infosem.benchmark import select_by_training, summary
from infosem.benchmark._results import COLUMNS

SPECIFIC, NON_SPECIFIC = "chip_cell_specific", "chip_non_specific"


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    """Results, as a run writes them."""
    common = {
        "dataset": "hESC", "network": SPECIFIC, "split_kind": "unseen_genes", "split": 0, "seed": 0, "cells": 1.0,
        "balanced": False, "block": "unseen_genes", "status": "ok", "n_pairs": 100, "n_edges": 20, "hit1": 0.4,
        "seconds": 1.0, "peak_mb": 100.0, "peak_gpu_mb": 0.0,
    }  # fmt: skip
    return pd.DataFrame([{"job": str(n), **common, **row} for n, row in enumerate(rows)]).reindex(columns=list(COLUMNS))


def test_summary_averages_seeds_within_a_split_first_and_orders_by_accuracy() -> None:
    results = table(
        {"method": "a", "split": 0, "seed": 0, "auprc": 0.1, "n_edges": 1, "n_pairs": 2},
        {"method": "a", "split": 0, "seed": 1, "auprc": 0.3, "n_edges": 1, "n_pairs": 2},
        {"method": "a", "split": 1, "auprc": 0.8, "n_edges": 1, "n_pairs": 3},
        {"method": "b", "split": 0, "auprc": 0.9},
        {"method": "c", "split": 0, "status": "failed"},
        {"method": "a", "block": "unseen_interactions", "auprc": 0.99},
        {"method": "a", "split_kind": "per_regulator", "auprc": 0.99},
    )
    found = summary(results, metrics=["auprc", "auprc_over_random", "hit1_over_random"])
    assert list(found["method"]) == ["b", "a"]
    a = found.set_index("method").loc["a"]
    assert a["n_splits"] == 2
    assert a["auprc"] == pytest.approx((0.2 + 0.8) / 2)  # not the mean of the three rows, 0.4
    assert a["auprc_sd"] == pytest.approx(0.6 / math.sqrt(2))
    # one edge, at each place alike: precision 1, 1/2 (or 1, 1/2, 1/3)
    random = ((1 + 1 / 2) / 2, (1 + 1 / 2 + 1 / 3) / 3)
    assert a["auprc_over_random"] == pytest.approx(0.5 / np.mean(random))  # not the mean of the two ratios
    assert a["hit1_over_random"] == pytest.approx(0.4 / np.mean([1 / 2, 1 / 3]))
    assert math.isnan(found.set_index("method").loc["b", "auprc_sd"])


def test_summary_of_results_without_a_scored_row_is_empty_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    rows = [{"method": "a", "split": n, "status": "failed", "reason": f"no {n % 2}"} for n in range(4)]
    with caplog.at_level(logging.WARNING):
        found = summary(table(*rows))
    assert len(found) == 0
    assert "auprc_sd" in found
    assert [record.getMessage().partition("scored: ")[2] for record in caplog.records] == ["no 0; no 1"]


def test_summary_names_what_there_is() -> None:
    results = table(
        {"method": "a", "auprc": 0.5},
        {"method": "a", "auprc": 0.7, "split_kind": "per_regulator", "block": "unseen_interactions"},
    )
    assert list(summary(results, metrics="auprc").columns[-2:]) == ["auprc", "auprc_sd"]
    found = summary(results, split_kind="per_regulator", block="unseen_interactions")
    assert list(found["auprc"]) == [0.7]
    with pytest.raises(ValueError, match="'auroc1' is no metric .*'auroc'.*'auprc_over_random'"):
        summary(results, metrics=["auprc", "auroc1"])
    with pytest.raises(ValueError, match="'unseen' is no block .*'unseen_genes'"):
        summary(results, block="unseen")
    with pytest.raises(ValueError, match="'unseen_genes' is no block of the split 'per_regulator'.*'unseen_interact"):
        summary(results, split_kind="per_regulator")
    with pytest.raises(ValueError, match="'per_regulator' is no kind of split .* there are 'unseen_genes'"):
        summary(results[:1], split_kind="per_regulator")


def test_selection_looks_at_the_training_labels_alone() -> None:
    auprc = {  # training and test, by method and split
        ("a", 0): (0.5, 0.1), ("b", 0): (0.4, 0.9), ("a", 1): (0.2, 0.9), ("b", 1): (0.3, 0.2), ("c", 1): (0.99, 0.99),
    }  # fmt: skip
    rows = [
        {"method": method, "split": split, "block": block, "auprc": value}
        for (method, split), values in auprc.items()
        for block, value in zip(("train", "unseen_genes"), values, strict=True)
    ]
    chosen = select_by_training(table(*rows), ["a", "b"], "best").query("block == 'unseen_genes'").set_index("split")
    assert list(chosen.loc[[0, 1], "selected"]) == ["a", "b"]
    assert list(chosen.loc[[0, 1], "auprc"]) == [0.1, 0.2]
    assert set(chosen["method"]) == {"best"}
