"""Counts, and their normalisation by the size of each cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from infosem.data._blocks import blocks_of_cells, is_in_memory


@dataclass(frozen=True)
class LogNormalisation:
    r"""Normalisation of counts, :math:`\log(1 + C_{cj} / s_c)` with the size factor :math:`s_c = T_c / \bar T`.

    Attributes
    ----------
    reference
        Size :math:`\bar T` of a typical cell, in the units of the sizes :math:`T_c`.
    """

    reference: float

    def factors(self, counts: Tensor, sizes: Tensor | None) -> Tensor:
        """Return the size factor of each cell, ``(B, 1)``.

        Parameters
        ----------
        counts
            Counts, ``(B, G)``.
        sizes
            Registered size of each cell, ``(B, 1)``, or ``None`` for the sum of its counts. A cell without counts has
            a factor of one.
        """
        size = counts.sum(1, keepdim=True) if sizes is None else sizes.to(counts)
        return torch.where(size > 0, size / self.reference, 1.0)

    def __call__(self, counts: Tensor, sizes: Tensor | None) -> Tensor:
        """Return the normalised counts, ``(B, G)``. See :meth:`factors` for the parameters."""
        return torch.log1p(counts / self.factors(counts, sizes))


def total_counts(x: Any) -> np.ndarray:
    """Return the sum of the counts of each cell, ``(N,)``."""
    if is_in_memory(x):
        return np.asarray(x.sum(axis=1, dtype=np.float64)).ravel()
    return np.concatenate([block.sum(1) for block in blocks_of_cells(x)])
