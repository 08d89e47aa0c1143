"""Whether small groups of cells gain from large ones, and whether differences between groups are real."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem import InfoSEM, tl
from on_cells import draws, fits, sergio_types
from on_cells.accuracy import calls, differing, ratios
from on_cells.rows import Rows, geometric_means, markdown

UNEQUAL, LARGE = {"A": 60, "B": 200, "C": 2000}, {"A": 600, "B": 1000, "C": 2000}
SHARED = 0.8
TYPES = {"A": 60, "B": 100, "C": 200, "D": 300, "E": 500, "F": 500}
"""Sizes of planted groups, and of types by SERGIO, whose means differ by the network."""

SHIFTS = (0.0, 0.5)
"""Differences of the means of planted groups, in standard deviations, which are no evidence for edges."""

EVERYONE = "shared"
"""What is called the group of the network of the edges that all groups have."""

COMPARED = ((SHARED, 0.0), (1.0, 0.0), (1.0, 0.5))
"""Shares and shifts of the cells whose differing edges are called."""

Q = 0.1
METHODS = ("group_key", "a model for each group", "a model of all cells", "correlation in each group")
NETWORKS, DIFFERENCES = "networks", "differences"


def run(rows: Rows, *, seeds: int, fast: bool) -> None:
    """Add the rows of the networks of groups of unequal size, and of the differences between large ones."""
    unequal, large = ({name: n // 8 for name, n in sizes.items()} if fast else sizes for sizes in (UNEQUAL, LARGE))
    if fast:
        unequal["A"] = 30
    types, genes = ({"A": 30, "B": 60, "C": 60}, (40, 8)) if fast else (TYPES, (150, 30))
    for seed in range(seeds):
        for shift in SHIFTS:
            draw = partial(draws.of_groups, unequal, shared=SHARED, shift=shift, seed=seed, fast=fast)
            _networks(rows, unequal, draw, {"cells_by": "planted", "shared": SHARED, "shift": shift, "seed": seed})
        for shared in (SHARED, 1.0):
            draw = partial(sergio_types.of_types, types, *genes, shared=shared, seed=seed)
            of_cells = {"cells_by": "SERGIO", "shared": shared, "shift": "network", "seed": seed}
            _networks(rows, types, draw, of_cells)
            largest = {name: n for name, n in types.items() if n == max(types.values())}
            _differences(rows, largest, draw, of_cells)
        for shared, shift in COMPARED:
            draw = partial(draws.of_groups, large, shared=shared, shift=shift, seed=seed, fast=fast)
            _differences(rows, large, draw, {"cells_by": "planted", "shared": shared, "shift": shift, "seed": seed})


def _networks(rows: Rows, sizes: dict[str, int], draw: Callable[[], AnnData], of_cells: dict[str, Any]) -> None:
    cells, seed = cache(draw), of_cells["seed"]

    @cache
    def timed(group_key: str | None) -> tuple[InfoSEM, float]:
        setup: dict[str, Any] = {} if group_key is None else {"group_key": group_key}
        start = time.perf_counter()
        model = fits.fit(cells(), seed=seed, **setup)
        return model, time.perf_counter() - start

    def scored(method: str, group: str) -> dict[str, float]:
        everyone = group == EVERYONE
        mine = cells() if everyone else cells()[cells().obs["group"] == group]
        if method == METHODS[0]:
            model, took = timed("group")
            score, extra = fits.strength(model, group=None if everyone else group), {"fit_seconds": took}
        elif method == METHODS[1]:
            score, extra = fits.infosem(mine, seed=seed), {}
        elif method == METHODS[2]:
            model, took = timed(None)
            score, extra = fits.strength(model), {"fit_seconds": took}
        else:
            score, extra = fits.correlation(mine.copy(), within="group"), {}
        return ratios(score, cells(), "truth" if everyone else f"truth:{group}") | extra

    for group, n_cells in {**sizes, EVERYONE: sum(sizes.values())}.items():
        for method in METHODS:
            if group == EVERYONE and method == METHODS[1]:
                continue
            key = {"part": NETWORKS, **of_cells, "group": group, "cells": n_cells, "method": method}
            rows.do(key, lambda method=method, group=group: scored(method, group))


def _differences(rows: Rows, sizes: dict[str, int], draw: Callable[[], AnnData], of_cells: dict[str, Any]) -> None:
    @cache
    def fitted() -> tuple[AnnData, InfoSEM]:
        adata = draw()
        return adata, fits.fit(adata, seed=of_cells["seed"], group_key="group")

    def called(first: str, second: str) -> dict[str, float]:
        adata, model = fitted()
        return calls(tl.differential_edges(model, first, second), differing(adata, first, second), q=Q)

    for first, second in combinations(sizes, 2):
        pair = {"group": f"{first} / {second}", "cells": f"{sizes[first]} / {sizes[second]}"}
        key = {"part": DIFFERENCES, **of_cells, **pair, "method": "group_key"}
        rows.do(key, lambda first=first, second=second: called(first, second))


def summary(table: pd.DataFrame) -> str:
    """Accuracies by group and method, calls of differing edges, and the time of a fit."""
    for column in ("all_pairs", "within_regulators", "fit_seconds", "called", "right", "true"):
        table[column] = pd.to_numeric(table[column]) if column in table else np.nan
    found = table[table["part"] == NETWORKS]
    texts = ["Networks.", markdown(geometric_means(found, ["cells_by", "shared", "shift", "group", "cells", "method"]))]

    edges = table[table["part"] == DIFFERENCES]
    by = ["cells_by", "shared", "shift", "group", "cells"]
    sums = edges.groupby(by, sort=False)[["called", "right", "true"]].sum(min_count=1)
    precision, recall = sums["right"] / sums["called"], sums["right"] / sums["true"]
    sums = sums.astype("Int64").assign(precision=precision, recall=recall)
    texts += [f"Differing edges with q <= {Q}, sums over the seeds. With everything shared all calls are wrong.",
              markdown(sums)]  # fmt: skip

    took = found.groupby("method")["fit_seconds"].median()
    ratio = took.get(METHODS[0], np.nan) / took.get(METHODS[2], np.nan)
    said = "not run" if np.isnan(ratio) else f"{ratio:.2f}"
    texts.append(f"Time of a fit with group_key over that without: {said}.")
    return "\n\n".join(texts)
