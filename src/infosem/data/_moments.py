"""Mean and standard deviation of each gene, in one pass over blocks of cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_LEAST_SD = float(np.finfo(np.float32).tiny)
"""Smallest standard deviation that differs from zero in single precision."""


@dataclass(frozen=True)
class Standardisation:
    """Location and scale of each gene.

    Attributes
    ----------
    mean, sd
        Mean and standard deviation of each gene, ``(G,)``. If the counted values of a gene do not vary, the standard
        deviation is one.
    n_counted
        Number of entries that they were computed from.
    """

    mean: np.ndarray
    sd: np.ndarray
    n_counted: int


@dataclass
class Moments:
    """Mean and sum of squared deviations of each gene, updated by blocks of cells (Chan et al. 1983)."""

    n: np.ndarray
    mean: np.ndarray
    squares: np.ndarray

    @classmethod
    def empty(cls, n_genes: int) -> Moments:
        return cls(np.zeros(n_genes), np.zeros(n_genes), np.zeros(n_genes))

    def add(self, block: np.ndarray, counted: np.ndarray) -> None:
        n = counted.sum(0)
        mean = np.divide((block * counted).sum(0), n, out=np.zeros(len(n)), where=n > 0)
        squares = (np.square(block - mean) * counted).sum(0)
        total = self.n + n
        share = np.divide(n, total, out=np.zeros(len(n)), where=total > 0)
        shift = mean - self.mean
        self.squares += squares + np.square(shift) * self.n * share
        self.mean += shift * share
        self.n = total

    def sd(self) -> np.ndarray:
        """Return the standard deviations. Values that vary only by rounding of their mean have zero."""
        sd = np.sqrt(np.divide(self.squares, self.n, out=np.zeros(len(self.n)), where=self.n > 0))
        sd[sd <= np.maximum(1e-6 * np.abs(self.mean), _LEAST_SD)] = 0.0
        return sd

    def standardisation(self) -> Standardisation:
        sd = self.sd()
        return Standardisation(self.mean, np.where(sd > 0, sd, 1.0), int(self.n.sum()))
