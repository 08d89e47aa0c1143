"""Paired differences, against scipy's paired test."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from infosem.benchmark import paired_differences

from .test_summary import NON_SPECIFIC, SPECIFIC, table

A, B = (0.5, 0.3, 0.7, 0.6), (0.4, 0.35, 0.4, 0.55)


@pytest.fixture
def results() -> pd.DataFrame:
    """Two methods on four splits of one network and three of another; a third method on one split."""
    rows = []
    for network, n_splits in ((SPECIFIC, 4), (NON_SPECIFIC, 3)):
        for split in range(n_splits):
            scale = 1 if network == SPECIFIC else 0.5
            rows.append({"method": "a", "network": network, "split": split, "auprc": scale * A[split]})
            rows.append({"method": "b", "network": network, "split": split, "auprc": scale * B[split]})
    rows.append({"method": "c", "network": SPECIFIC, "split": 0, "auprc": 0.1})
    rows.append({"method": "b", "network": SPECIFIC, "split": 0, "auprc": 0.9, "block": "unseen_interactions"})
    rows.append({"method": "b", "network": NON_SPECIFIC, "split": 3, "status": "failed"})
    return table(*rows)


def test_the_interval_is_that_of_the_paired_test_widened_for_shared_genes(results):
    found = paired_differences(results, "a", metric="auprc", confidence=0.9)
    row = found[(found["other"] == "b") & (found["network"] == SPECIFIC)].iloc[0]
    test = ttest_rel(A, B)
    interval = test.confidence_interval(0.9)
    wider = math.sqrt((1 / 4 + 1 / 3) / (1 / 4))
    assert row["n_splits"] == 4
    assert row["difference"] == pytest.approx(np.mean(A) - np.mean(B))
    assert row["upper"] - row["lower"] == pytest.approx(wider * (interval.high - interval.low))
    assert row["upper"] + row["lower"] == pytest.approx(2 * row["difference"])


def test_the_row_of_all_is_the_mean_over_networks_on_the_splits_that_have_every_one(results):
    found = paired_differences(results, "a", metric="auprc")
    row = found[(found["other"] == "b") & (found["network"] == "all")].iloc[0]
    assert row["n_splits"] == 3
    assert row["difference"] == pytest.approx(0.75 * (np.mean(A[:3]) - np.mean(B[:3])))


def test_one_split_has_a_difference_and_no_interval(results):
    row = paired_differences(results, "a", metric="auprc").set_index("other").loc["c"].iloc[0]
    assert row["difference"] == pytest.approx(0.4)
    assert math.isnan(row["lower"])
    assert math.isnan(row["upper"])


def test_wrong_names_are_told(results):
    with pytest.raises(ValueError, match="No scored row of 'd'.*'a', 'b', 'c'"):
        paired_differences(results, "d")
    with pytest.raises(ValueError, match="'accuracy' is no metric.*auprc"):
        paired_differences(results, "a", metric="accuracy")
