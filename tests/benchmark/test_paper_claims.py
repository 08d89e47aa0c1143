"""The paper's claims: its own tables give their numbers, and ours are compared on what both have."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from infosem.benchmark._summary import per_split

from .test_summary import SPECIFIC, table  # noqa: F401, a query has SPECIFIC


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("InfoSEM-B over DeepSEM, both networks", 38.5),
        ("InfoSEM-B over DeepSEM, cell-specific", 25),
        ("InfoSEM-B over DeepSEM, non-specific", 52),
        ("InfoSEM-BC over DeepSEM, cell-specific", 31),
        ("InfoSEM-BC over DeepSEM, non-specific", 66),
        ("scGREAT and GENELink, unseen genes instead of interactions, cell-specific", -42),
        ("scGREAT and GENELink, unseen genes instead of interactions, non-specific", -79),
    ],
)
def test_definition_of_a_claim_gives_the_papers_number_from_its_tables(
    text: str, percent: float, report: ModuleType
) -> None:
    parts = report.claims.changes(report.claims.paper_accuracies()).query("claim == @text")
    assert 100 * parts["change"].mean() == pytest.approx(percent, abs=0.51)
    assert parts["said"].unique() == pytest.approx([percent / 100])


def test_the_papers_tables_do_not_give_its_11_percent(report: ModuleType) -> None:
    parts = report.claims.changes(report.claims.paper_accuracies()).query("said == 0.111")
    assert len(parts) == 16
    assert 100 * parts["change"].mean() == pytest.approx(7.38, abs=0.01)


def test_paper_numbers_and_names(report: ModuleType) -> None:
    paper_method = report.paper.paper_method
    numbers = report.paper.paper_numbers().set_index(["table", "dataset", "method", "metric"])
    assert numbers.loc[(2, "hESC", "InfoSEM-B", "auprc"), "ratio"] == pytest.approx(0.331 / 0.222)
    assert numbers.loc[(6, "hHEP", "InfoSEM-BC", "recall"), "mean"] == 0.38
    assert paper_method("InfoSEM-B (MiniLM)") == paper_method("InfoSEM-B (BioBERT, tuned)") == "InfoSEM-B"
    assert paper_method("scGREAT") == "scGREAT"
    for name in ("InfoSEM-B (MiniLM, permuted)", "InfoSEM-B (GenePT)", "InfoSEM-B prior mean (MiniLM)", "|Pearson|"):
        assert paper_method(name) is None


def test_claims_compare_the_same_text_on_the_splits_that_both_have(report: ModuleType) -> None:
    results = table(
        {"method": "InfoSEM-B (BioBERT)", "split": 0, "auprc": 0.3},
        {"method": "InfoSEM-B (BioBERT)", "split": 1, "auprc": 0.9},  # DeepSEM lacks this split
        {"method": "InfoSEM-B (MiniLM)", "split": 0, "auprc": 0.5},
        {"method": "InfoSEM-BC (MiniLM)", "split": 0, "auprc": 0.6},
        {"method": "DeepSEM", "split": 0, "auprc": 0.2},
        {"method": "DeepSEM, 20 % of cells", "split": 0, "auprc": 0.1, "cells": 0.2},
        {"method": "InfoSEM-B (BioBERT), 20 % of cells", "split": 0, "auprc": 0.24, "cells": 0.2},
    )
    ours = report.claims.accuracies(per_split(results))

    def change(claim: str, *texts: str) -> float:
        parts = report.claims.changes(ours, texts).query("claim == @claim and dataset == 'hESC' and metric == 'auprc'")
        return float(parts.query("network == @SPECIFIC")["change"].iloc[0])

    texts = (" (BioBERT)", " (MiniLM)", "")
    assert change("InfoSEM-B over DeepSEM, cell-specific", *texts) == pytest.approx(0.3 / 0.2 - 1)
    assert change("InfoSEM-B over DeepSEM, cell-specific", " (MiniLM)") == pytest.approx(0.5 / 0.2 - 1)
    # BC has MiniLM alone, so that B counts with MiniLM too
    assert change("InfoSEM-BC over InfoSEM-B, both networks", *texts) == pytest.approx(0.6 / 0.5 - 1)
    few = "InfoSEM-B with 20 % of the cells over DeepSEM with all, hESC cell-specific"
    assert change(few, *texts) == pytest.approx(0.24 / 0.2 - 1)


def test_a_claim_with_a_missing_part_is_not_run_and_a_drop_can_be_of_ratios(report: ModuleType) -> None:
    def claimed(rows: list[dict[str, Any]]) -> pd.DataFrame:
        return report.claims.claims_table(report.claims.accuracies(per_split(table(*rows))))

    drop = "scGREAT and GENELink, unseen genes instead of interactions, cell-specific"
    rows = [
        {"method": method, "dataset": dataset, "block": block, "auprc": auprc, "hit1": auprc, "n_edges": n_edges}
        for method in ("scGREAT", "GENELink")
        for dataset in ("hESC", "hHEP", "mDC", "mESC")
        for block, auprc, n_edges in (("unseen_interactions", 0.6, 20), ("unseen_genes", 0.3, 30))
    ]
    whole = claimed(rows).set_index("claim")
    assert whole.loc[drop, "ours"] == pytest.approx(-0.5)
    harmonic = sum(1 / k for k in range(1, 101))
    random = [((n_edges - 1) / 99 * (100 - harmonic) + harmonic) / 100 for n_edges in (20, 30)]
    changed = [(0.3 / random[1]) / (0.6 / random[0]) - 1, (0.3 / 0.3) / (0.6 / 0.2) - 1]  # AUPRC, Hit@1%
    assert whole.loc["The same over random, cell-specific", "ours"] == pytest.approx(np.mean(changed))
    partial = report.claims.claims_text(claimed(rows[2:])).set_index("claim")
    assert partial.loc[drop, "ours"] == "not run: 2 of 16 parts"
