"""Registered cells: their expression, and what is known about each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from scipy import sparse
from scvi import REGISTRY_KEYS
from torch import Tensor

from infosem.data._blocks import blocks_of_cells, is_in_memory
from infosem.data._counts import LogNormalisation


@dataclass(frozen=True)
class RegisteredCells:
    """Registered cells.

    Attributes
    ----------
    x
        Expression as registered, cells x genes, in memory or in a file.
    normalisation
        Normalisation of counts, or ``None`` if the expression is log-normalised.
    of_cells
        Batches, covariates and sizes by registry key, each with a row per cell, ``(N, k)``.
    """

    x: Any
    normalisation: LogNormalisation | None = None
    of_cells: Mapping[str, np.ndarray] = field(default_factory=dict)

    def batches(self) -> Iterator[dict[str, Tensor]]:
        """Iterate over blocks of cells in order, as minibatches with the expression in float64."""
        start = 0
        for block in blocks_of_cells(self.x):
            rows = slice(start, start + len(block))
            start += len(block)
            yield {REGISTRY_KEYS.X_KEY: torch.from_numpy(block), **self.rows(rows)}

    def rows(self, rows: slice | np.ndarray) -> dict[str, Tensor]:
        """Return batches, covariates and sizes of some cells, as in a minibatch."""
        return {key: torch.as_tensor(values[rows]) for key, values in self.of_cells.items()}

    def normalised_matrix(self) -> np.ndarray | sparse.csr_matrix:
        """Return the log-normalised expression in memory, cells x genes, sparse if it is registered as such."""
        if self.normalisation is None:
            return self.x if is_in_memory(self.x) else self.x[:]
        kind = sparse.csr_matrix if sparse.issparse(self.x) else np.asarray
        blocks = [kind(block) for block in self.normalised()]
        return sparse.vstack(blocks, format="csr") if sparse.issparse(self.x) else np.concatenate(blocks)

    def normalised(self) -> Iterator[np.ndarray]:
        """Iterate over blocks of cells in order, as log-normalised float64 arrays."""
        if self.normalisation is None:
            yield from blocks_of_cells(self.x)
            return
        for counts, factors in self.counts():
            yield np.log1p(counts / factors)

    def counts(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Iterate over blocks of cells in order, as counts, ``(B, G)``, and size factors, ``(B, 1)``, float64."""
        assert self.normalisation is not None
        levels = None if self.normalisation.levels is None else torch.from_numpy(self.normalisation.levels)
        for cells in self.batches():
            x = cells[REGISTRY_KEYS.X_KEY]
            factors = self.normalisation.factors(x, cells.get(REGISTRY_KEYS.SIZE_FACTOR_KEY), levels)
            yield x.numpy(), factors.numpy()
