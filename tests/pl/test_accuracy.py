"""The figure of a benchmark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from infosem import pl
from infosem.benchmark._results import COLUMNS

AUPRC = {"mine": [0.5, 0.7, 0.6], "Random": [0.2, 0.2, 0.2], "other (text, permuted)": [0.1, 0.3, 0.5]}


def results(**common: Any) -> pd.DataFrame:
    rows = [
        {"method": method, "split": split, "auprc": value, "auroc": value, "recall5": value}
        for method, values in AUPRC.items()
        for split, value in enumerate(values)
    ]
    fixed = {
        "dataset": "data", "network": "chip", "split_kind": "unseen_genes", "seed": 0, "cells": 1.0, "balanced": False,
        "block": "unseen_genes", "status": "ok", "n_pairs": 3, "n_edges": 1, "hit1": 0.5, "job": "a",
    }  # fmt: skip
    return pd.DataFrame(rows).assign(**{**fixed, **common}).reindex(columns=list(COLUMNS))


RANDOM = (1 + 1 / 2 + 1 / 3) / 3  # one edge among three pairs, at each place alike


def rows(axes: Axes) -> dict[str, dict[str, Any]]:
    """By name of the row: the splits, the mean with its interval, and the marker."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    for line in axes.lines:
        if line.get_marker() in ("o", "D") and not line.get_label().startswith("random"):
            row = found[names[round(float(np.mean(line.get_ydata())))]]
            if line.get_markersize() == 3:
                row["splits"] = sorted(line.get_xdata())
            else:
                row.update(mean=line.get_xdata()[0], marker=line.get_marker())
    for bars in axes.collections:
        for segment in bars.get_segments():
            found[names[round(segment[0, 1])]]["interval"] = tuple(segment[:, 0])
    return found


def test_splits_means_and_intervals_best_first(ax: Axes) -> None:
    assert pl.accuracy(results(), ax=ax) is ax
    found = rows(ax)
    assert list(found) == ["mine", "other (text, permuted)", "Random"]
    for method, row in found.items():
        ratios = np.array(AUPRC[method]) / RANDOM
        assert row["splits"] == pytest.approx(sorted(ratios))
        assert row["mean"] == pytest.approx(ratios.mean())
        assert row["interval"] == pytest.approx(
            (ratios.mean() - ratios.std(ddof=1), ratios.mean() + ratios.std(ddof=1)), abs=1e-9
        )
    bottom, top = ax.get_ylim()
    assert bottom > top


def test_controls_are_marked(ax: Axes) -> None:
    pl.accuracy(results(), ax=ax)
    assert {name: row["marker"] for name, row in rows(ax).items()} == {
        "mine": "o",
        "other (text, permuted)": "D",
        "Random": "D",
    }
    ax.clear()
    pl.accuracy(results(), controls=["mine"], ax=ax)
    assert {name for name, row in rows(ax).items() if row["marker"] == "D"} == {"mine"}
    ax.clear()
    pl.accuracy(results(), controls=[], ax=ax)
    assert "control" not in [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("metric", "expected"), [("auprc_over_random", 1), ("auprc", RANDOM), ("auroc", 0.5), ("recall5", 0.05)]
)
def test_line_of_a_random_order(ax: Axes, metric: str, expected: float) -> None:
    pl.accuracy(results(), metric=metric, ax=ax)
    (line,) = [line for line in ax.lines if line.get_label() == "random order"]
    assert list(line.get_xdata()) == pytest.approx([expected] * 2)


def test_no_line_where_none_is_known(ax: Axes) -> None:
    pl.accuracy(results(seconds=1.0), metric="seconds", ax=ax)
    assert "random order" not in [line.get_label() for line in ax.lines]


def test_one_split_has_no_interval(ax: Axes) -> None:
    pl.accuracy(results().query("split == 0"), ax=ax)
    assert {round(row["interval"][1] - row["interval"][0], 9) for row in rows(ax).values()} == {0}


def test_legend_is_clear(ax: Axes, require_clear_legend: Callable[[], None]) -> None:
    pl.accuracy(results(), ax=ax)
    require_clear_legend()


def test_errors() -> None:
    two = pd.concat([results(), results(network="string")])
    with pytest.raises(ValueError, match=r"several values of 'network', 'chip', 'string'.*results\['network'\] =="):
        pl.accuracy(two)
    with pytest.raises(ValueError, match="'nonsense' is no metric"):
        pl.accuracy(results(), metric="nonsense")
    with pytest.raises(ValueError, match="'unseen' is no block"):
        pl.accuracy(results(), block="unseen")
    with pytest.raises(ValueError, match=r"controls=\['nobody'\]"):
        pl.accuracy(results(), controls=["nobody"])
    with pytest.raises(ValueError, match=r"No split .*results\['reason'\]"):
        pl.accuracy(results(status="failed"))


def test_names_of_methods_are_no_formulas(ax: Axes) -> None:
    table = results()
    pl.accuracy(table.assign(method=table["method"].replace({"mine": "$A^$ 50%_x"})), ax=ax)
    ax.figure.draw_without_rendering()
    assert "$A^$ 50%_x" in rows(ax)
