"""Simulated cells of the parts, small ones for a trial."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from anndata import AnnData
from scipy import sparse

from infosem import datasets
from infosem.datasets._resampling import resample
from infosem.datasets._sequencing import log_normalise

TYPE = "cell_type"
"""Column of the cell types in the cells of :func:`of_types`."""


def of_types(kind: str, *, seed: int, fast: bool) -> AnnData:
    """Cells of three types that have one network, planted, or by SERGIO with or without their counts.

    The means of planted types differ by chance alone, and little: the differences are evidence for wrong edges, which
    would hide what the batches do.
    """
    if kind != "planted":
        size = (150, 40, 8) if fast else (900, 120, 25)
        adata = datasets.sergio(*size, n_types=3, depth=8000.0, seed=seed)
        if kind == "SERGIO":
            del adata.layers["counts"]
        return adata
    types = dict.fromkeys("ABC", 50 if fast else 250)
    genes = (40, 8) if fast else (120, 25)
    adata = datasets.simulate_groups(types, *genes, shared=1.0, mean_shift=0.2, seed=seed)
    adata.obs[TYPE] = adata.obs.pop("group")
    return adata


def in_batches(adata: AnnData, *, balanced: bool, seed: int) -> AnnData:
    """The cells in three batches, which have the same composition or each another main cell type."""
    return datasets.add_batch_effect(adata, 3, composition_key=None if balanced else TYPE, seed=seed)


def same_depth(adata: AnnData, changed: AnnData, *, seed: int) -> AnnData:
    """Cells without batch effect, as deep and as diluted as those with it: counts can only be thinned.

    Every gene keeps the same share of its counts in all batches, the mean over those of ``changed``.
    """
    made = changed.copy()
    if "counts" not in adata.layers:
        made.X = adata.X.copy()
        return made
    kept, own = np.exp(changed.varm["batch_shift"]).mean(axis=1), changed.varm["batch_scale"].mean(axis=1)
    counts = sparse.csr_matrix(adata.layers["counts"], dtype=np.float64)
    total = adata.obs["total_counts"].to_numpy(dtype=float)
    rng = np.random.default_rng([seed, 9])
    drawn, total = resample(counts, total, np.zeros(adata.n_obs, int), kept=kept[None], own=own[None], rng=rng)
    made.layers["counts"], made.obs["total_counts"] = drawn, total
    made.X = sparse.csr_matrix(log_normalise(drawn.toarray(), total).astype(np.float32))
    return made


def of_groups(sizes: Mapping[str, int], *, shared: float, shift: float, seed: int, fast: bool) -> AnnData:
    """Cells of groups with their own networks, whose means differ by chance."""
    genes = (40, 8) if fast else (100, 20)
    return datasets.simulate_groups(sizes, *genes, shared=shared, mean_shift=shift, seed=seed)


def of_depth(kind: str, depth: float, *, seed: int, fast: bool) -> AnnData:
    """Cells with so many counts, by SERGIO or planted."""
    if kind == "SERGIO":
        size = (150, 40, 8) if fast else (900, 120, 25)
        return datasets.sergio(*size, n_types=3, depth=depth, seed=seed)
    return datasets.simulate(*((150, 40, 8) if fast else (900, 120, 25)), depth=depth, seed=seed)
