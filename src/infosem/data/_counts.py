"""Counts, and their normalisation by the size of each cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from infosem.data._blocks import blocks_of_cells, is_in_memory

_MEAN_COUNT = 4.0
"""Mean of the normalised counts over genes and cells. At this scale the logarithm is as good at any depth as at the
depth that suits it best (docs/experiments.md)."""


@dataclass(frozen=True)
class LogNormalisation:
    r"""Normalisation of counts, :math:`x_{cj} = \log(1 + C_{cj} / s_c)`.

    The size factor is :math:`s_c = T_c / \bar T`, with the size :math:`T_c` of the cell and :math:`\bar T` such that
    the mean of :math:`C / s` over genes and cells is 4. If no sizes are registered, the size is

    .. math:: T_c = \sqrt{\textstyle\sum_j C_{cj} \cdot \exp \operatorname{mean}_{j: C_{cj} > 0} (\log C_{cj} - g_j)},
              \qquad g_j = \frac{1}{N} \sum_{c: C_{cj} > 0} \log C_{cj} .

    The sum alone depends on a few abundant genes, which may be those of the network. The second factor gives every gene
    that a cell expresses the same weight.

    Attributes
    ----------
    reference
        :math:`\bar T`.
    levels
        :math:`g`, ``(G,)``. ``None`` if sizes are registered.
    """

    reference: float
    levels: np.ndarray | None = None

    def factors(self, counts: Tensor, sizes: Tensor | None, levels: Tensor | None) -> Tensor:
        """Return the size factor of each cell, ``(B, 1)``. It is one for cells without counts.

        Parameters
        ----------
        counts
            Counts, ``(B, G)``.
        sizes
            Registered size of each cell, ``(B, 1)``.
        levels
            :attr:`levels` on the device of the counts.
        """
        if levels is not None:
            sizes = size_of_cells(counts, levels)
        assert sizes is not None
        sizes = sizes.to(counts)
        return torch.where(sizes > 0, sizes / self.reference, 1.0)


def size_of_cells(counts: Tensor, levels: Tensor) -> Tensor:
    """Return the size of each cell from its counts, ``(B, 1)``; see :class:`LogNormalisation`."""
    detected = counts > 0
    above = torch.where(detected, counts.clamp_min(1).log() - levels, 0.0).sum(1, keepdim=True)
    typical = (above / detected.sum(1, keepdim=True).clamp_min(1)).exp()
    return (counts.sum(1, keepdim=True) * typical).sqrt()


def fit_normalisation(blocks: Callable[[], Iterable[np.ndarray]], sizes: np.ndarray | None) -> LogNormalisation:
    """Fit the normalisation to counts.

    Parameters
    ----------
    blocks
        Function that iterates over the counts in blocks of cells, in order.
    sizes
        Registered size of each cell, ``(N, 1)``, or ``None``.
    """
    levels = _levels(blocks()) if sizes is None else None
    normalised, n, start = 0.0, 0, 0
    for block in blocks():
        here = _sizes(block, levels) if sizes is None else sizes[start : start + len(block)]
        start += len(block)
        normalised += float((block / np.where(here > 0, here, np.inf)).sum())
        n += block.size
    return LogNormalisation(_MEAN_COUNT * n / normalised, levels)


def _levels(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Return the mean logarithm of the counts of each gene, with zero for cells that lack it, ``(G,)``."""
    sums = [(np.log(np.maximum(block, 1)).sum(0), len(block)) for block in blocks]
    return np.asarray(np.sum([total for total, _ in sums], axis=0) / sum(n for _, n in sums))


def _sizes(counts: np.ndarray, levels: np.ndarray | None) -> np.ndarray:
    assert levels is not None
    return size_of_cells(torch.from_numpy(counts), torch.from_numpy(levels)).numpy()


def total_counts(x: Any) -> np.ndarray:
    """Return the sum of the counts of each cell, ``(N,)``."""
    if is_in_memory(x):
        return np.asarray(x.sum(axis=1, dtype=np.float64)).ravel()
    return np.concatenate([block.sum(1) for block in blocks_of_cells(x)])
