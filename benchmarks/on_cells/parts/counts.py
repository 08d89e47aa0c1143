"""Whether counts give more than their log-normalised values, for cells of few and of many counts."""

from __future__ import annotations

from functools import cache

import pandas as pd
from anndata import AnnData

from infosem import module
from on_cells import draws, fits
from on_cells.accuracy import ratios
from on_cells.rows import VALUES, Rows, geometric_means, markdown

KINDS = ("planted", "SERGIO")
DEPTHS = (500, 2000, 10_000)
"""Median counts of a cell."""

LOG = "infosem, log-normalised"


def run(rows: Rows, *, seeds: int, fast: bool) -> None:
    """Add the rows of all cells, depths and methods."""
    for seed in range(seeds):
        for kind in KINDS:
            for depth in DEPTHS:
                _run(rows, kind, depth, seed=seed, fast=fast)


def _run(rows: Rows, kind: str, depth: int, *, seed: int, fast: bool) -> None:
    @cache
    def cells() -> AnnData:
        return draws.of_depth(kind, depth, seed=seed, fast=fast)

    def negative_binomial(adata: AnnData) -> pd.DataFrame:
        # looked up late, so that a version without it runs the rest
        likelihood = module.NegativeBinomial()
        return fits.infosem(adata, seed=seed, model={"likelihood": likelihood}, **fits.COUNTS)

    methods = {
        LOG: lambda adata: fits.infosem(adata, seed=seed),
        "infosem, counts": lambda adata: fits.infosem(adata, seed=seed, **fits.COUNTS),
        "infosem, counts without totals": lambda adata: fits.infosem(
            adata, seed=seed, layer="counts", size_factor_key=None
        ),
        "infosem, negative binomial": negative_binomial,
        "correlation": fits.correlation,
        "CLR": fits.clr,
    }
    for method, score in methods.items():
        key = {"cells": kind, "depth": depth, "method": method, "seed": seed}
        rows.do(key, lambda score=score: ratios(score(cells()), cells()))


def summary(table: pd.DataFrame) -> str:
    """Means by depth, and over those of log-normalised values."""
    means = geometric_means(table, ["cells", "depth", "method"])
    plain = means.xs(LOG, level="method")[list(VALUES)].reindex(means.index.droplevel("method"))
    share = means[list(VALUES)] / plain.to_numpy()
    return markdown(means.join(share, rsuffix=" over log-normalised"))
