"""Whether a batch effect costs edges: infosem with and without ``batch_key``, and methods that correct for batches.

The effect shifts and scales the detected values of every gene. Besides, SERGIO's counts are thinned by it. What these
are compared with, no effect, are the same cells thinned as much in all batches.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
from anndata import AnnData

from on_cells import draws, fits
from on_cells.accuracy import ratios
from on_cells.rows import VALUES, Rows, geometric_means, markdown

KINDS = ("planted", "SERGIO", "SERGIO, thinned")
BY = ["cells", "batches", "effect", "method"]
KEPT = 0.95
"""Share of the accuracy without batch effect that batch_key must keep."""

_GROUPED = "infosem, batch_key, group_key"
_COUNTED = ("infosem, counts", "infosem, counts, batch_key")


def run(rows: Rows, *, seeds: int, fast: bool) -> None:
    """Add the rows of all cells, compositions and methods."""
    for seed in range(seeds):
        for kind in KINDS:
            for balanced in (True, False):
                _run(rows, kind, balanced=balanced, seed=seed, fast=fast)


def _run(rows: Rows, kind: str, *, balanced: bool, seed: int, fast: bool) -> None:
    @cache
    def cells() -> dict[str, AnnData]:
        plain = draws.of_types(kind, seed=seed, fast=fast)
        changed = draws.in_batches(plain, balanced=balanced, seed=seed)
        return {"none": draws.same_depth(plain, changed, seed=seed), "batches": changed}

    methods = {
        "infosem": lambda adata: fits.infosem(adata, seed=seed),
        "infosem, batch_key": lambda adata: fits.infosem(adata, seed=seed, batch_key="batch"),
        _GROUPED: lambda adata: fits.infosem(adata, seed=seed, batch_key="batch", group_key=draws.TYPE),
        _COUNTED[0]: lambda adata: fits.infosem(adata, seed=seed, **fits.COUNTS),
        _COUNTED[1]: lambda adata: fits.infosem(adata, seed=seed, batch_key="batch", **fits.COUNTS),
        "correlation": lambda adata: fits.correlation(adata),
        "correlation within batches": lambda adata: fits.correlation(adata, within="batch"),
        "CLR": lambda adata: fits.clr(adata),
        "CLR within batches": lambda adata: fits.clr(adata, within="batch"),
        "GRNBoost2": lambda adata: fits.grnboost2(adata, seed=seed),
        "GRNBoost2 after ComBat": lambda adata: fits.grnboost2(adata, seed=seed, combat="batch"),
    }
    composition = "balanced" if balanced else "unbalanced"
    for effect in ("none", "batches"):
        for method, score in methods.items():
            if (method in _COUNTED and kind != "SERGIO, thinned") or (method == _GROUPED and balanced):
                continue
            key = {"cells": kind, "batches": composition, "effect": effect, "method": method, "seed": seed}
            rows.do(key, lambda effect=effect, score=score: ratios(score(cells()[effect]), cells()[effect]))


def summary(table: pd.DataFrame) -> str:
    """Means with and without effect, and what infosem with batch_key keeps of the accuracy without effect."""
    means = geometric_means(table, BY)
    texts = [markdown(means)]
    kept = []
    for method in ("infosem", "infosem, counts"):
        plain = means.xs(("none", method), level=("effect", "method"))[list(VALUES)]
        with_key = f"{method}, batch_key"
        for how, effect, name in (
            ("batch_key", "batches", with_key),
            ("no batch_key", "batches", method),
            ("batch_key and group_key", "batches", _GROUPED),
            ("batch_key, but no effect", "none", with_key),
        ):
            found = means.xs((effect, name), level=("effect", "method"))[list(VALUES)] / plain
            kept.append(found.assign(method=method, **{"with": how}).set_index(["method", "with"], append=True))
    share = pd.concat([part for part in kept if len(part)])
    asked = share.xs("batch_key", level="with")
    done = asked.dropna()
    met = int((done >= KEPT).all(axis=1).sum())
    texts.append(
        f"With batches, over the accuracy of infosem without batch effect. batch_key must keep {KEPT}: {met} of "
        f"{len(done)} do, and {len(asked) - len(done)} were not run. Without effect, batch_key costs what the types "
        "tell of the network, as far as each batch has its own."
    )
    return "\n\n".join([*texts, markdown(share)])
