"""Design matrix of what is known about the cells, and which of its columns add something."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import solve_triangular

from infosem.data._names import listed

logger = logging.getLogger(__name__)

_INDEPENDENT = 1e-6
"""Smallest share of a column's variance that the columns before it do not explain."""


@dataclass(frozen=True)
class Factor:
    """Categories of the cells.

    Attributes
    ----------
    name
        Name of the column of ``obs``.
    codes
        Category of each cell, ``(N,)``.
    levels
        Names of the categories.
    """

    name: str
    codes: np.ndarray
    levels: list[str]


@dataclass(frozen=True)
class DesignSizes:
    """Numbers of batches (one without batches), of categories of each categorical covariate, and of continuous ones."""

    n_batches: int = 1
    n_categories: tuple[int, ...] = ()
    n_values: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs between the cells that could be corrected."""
        return max(self.n_batches, *self.n_categories, 1) == 1 and not self.n_values


@dataclass(frozen=True)
class Design:
    r"""Known differences between cells.

    The design matrix :math:`D` has an intercept, an indicator of each category but the first of a factor, and the
    standardised continuous covariates. The columns of the groups come last, so that what batches and groups could both
    explain counts as a difference of batches.

    Attributes
    ----------
    batch, factors, values, group
        Batch, categorical covariates, continuous covariates, ``(N, m)``, and group of each cell. Without a batch or
        group it is ``None``.
    value_names
        Names of the continuous covariates.
    """

    batch: Factor | None
    factors: list[Factor]
    values: np.ndarray
    value_names: list[str]
    group: Factor | None

    @property
    def corrected(self) -> list[Factor]:
        """Factors whose effects are corrected."""
        return [*([] if self.batch is None else [self.batch]), *self.factors]

    def standardised_values(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return mean, standard deviation (one if there is none), and standardised continuous covariates."""
        mean, sd = self.values.mean(0), self.values.std(0)
        sd = np.where(sd > 1e-12 * np.maximum(1, np.abs(mean)), sd, 1.0)
        return mean, sd, (self.values - mean) / sd

    @cached_property
    def matrix(self) -> tuple[np.ndarray, list[slice], np.ndarray]:
        """Design matrix, ``(N, p)``.

        Beside it are the columns of each corrected factor, of the continuous covariates, and of the groups; and which
        columns add something to those before them, boolean ``(p,)``. The others need no coefficient.
        """
        n_cells = len(self.values)
        parts, at, where = [np.ones((n_cells, 1))], 1, []
        for block in [
            *(_indicators(factor) for factor in self.corrected),
            self.standardised_values()[2],
            np.zeros((n_cells, 0)) if self.group is None else _indicators(self.group),
        ]:
            parts.append(block)
            where.append(slice(at, at + block.shape[1]))
            at += block.shape[1]
        matrix = np.hstack(parts)
        return matrix, where, independent_columns(matrix)

    def warn_if_redundant(self) -> None:
        """Warn about covariates that add nothing, and about groups that cannot be told apart from batches."""
        _, where, adds = self.matrix
        for factor, columns in zip(self.corrected, where, strict=False):
            if not adds[columns].any() and len(factor.levels) > 1:
                logger.warning(
                    "adata.obs[%r] is determined by the batch or the other covariates, and adds nothing to them.",
                    factor.name,
                )
        for name, adding in zip(self.value_names, adds[where[-2]], strict=True):
            if not adding:
                logger.warning(
                    "adata.obs[%r] is constant, or determined by the batch or the other covariates, and adds nothing.",
                    name,
                )
        if self.group is not None and not adds[where[-1]].all():
            levels = [level for level, adding in zip(self.group.levels[1:], adds[where[-1]], strict=True) if not adding]
            if not adds[where[-1]].any():  # the first group has no column of its own
                levels = self.group.levels
            logger.warning(
                "Some groups of adata.obs[%r] (%s) cannot be told apart from batches or covariates: what differs "
                "between them is taken out as a difference of batches.",
                self.group.name,
                listed(levels),
            )


def independent_columns(matrix: np.ndarray) -> np.ndarray:
    """Return which columns are not a linear combination of the columns before them, boolean ``(p,)``."""
    gram = matrix.T @ matrix
    scale = np.sqrt(np.maximum(gram.diagonal(), np.finfo(float).tiny))
    gram = gram / scale / scale[:, None]
    kept: list[int] = []
    root = np.zeros((0, 0))
    for column in range(len(gram)):
        projection = solve_triangular(root, gram[kept, column], lower=True) if kept else np.zeros(0)
        left = gram[column, column] - projection @ projection
        if left > _INDEPENDENT:
            root = np.block([[root, np.zeros((len(kept), 1))], [projection, np.sqrt(left)]])
            kept.append(column)
    return np.isin(np.arange(len(gram)), kept)


def _indicators(factor: Factor) -> np.ndarray:
    return (factor.codes[:, None] == np.arange(1, len(factor.levels))).astype(np.float64)
