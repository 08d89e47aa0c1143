r"""Adjustment of the expression for batches and covariates.

The location of gene :math:`j` in cell :math:`c` is a linear model of what is known about the cell, fitted by least
squares over the entries that count,

.. math:: x_{cj} = m_j + \beta_{b(c) j} + \sum_k \gamma_{k(c) j} + v_c \delta_j + \alpha_{g(c) j} + r_{cj} ,

with batch :math:`b`, categorical covariates :math:`k`, continuous covariates :math:`v` and, if cells have groups,
group :math:`g`. The effects of the groups are estimated, so that batches are compared between cells of the same group,
but they are not taken out.

Batches also differ in scale. The logarithm of the ratio of the variance in batch :math:`b` to that of all batches,
:math:`y_{bj}`, has the sampling variance :math:`v_{bj} = (\kappa_j - 1) / n_{bj}`, where :math:`\kappa_j` is the
mean kurtosis of the residuals within batches. Ratios are shrunk towards their mean over the genes, as in ComBat
(Johnson et al. 2007),

.. math:: \log s_{bj}^2 = \mu_b + \frac{\tau_b^2}{\tau_b^2 + v_{bj}} (y_{bj} - \mu_b) ,

with :math:`\tau_b^2` from the variance of :math:`y_{bj}` over the genes (DerSimonian and Laird 1986).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from infosem.statistics._design import Design

_RIDGE = 1e-6
"""Weight of a coefficient of zero, in cells, so that a gene which a batch does not express has a coefficient."""
_LEAST_KURTOSIS = 1.5
_LEAST_VARIANCE = 1e-12
_BYTES_OF_PRODUCTS = 2**30


@dataclass(frozen=True)
class Adjustment:
    r"""Location and scale of each gene, by batch and covariates.

    Attributes
    ----------
    sd
        Standard deviation of the adjusted expression of each gene, ``(G,)``; one if there is none.
    by_batch
        Location of each gene in each batch, relative to its mean over the cells, ``(B, G)``.
    by_category
        Effects of the categories of all categorical covariates, ``(K, G)``.
    slopes
        Effects of the standardised continuous covariates, ``(m, G)``.
    value_mean, value_sd
        Mean and standard deviation of the continuous covariates, ``(m,)``.
    batch_scale
        Standard deviation of each gene in each batch, relative to ``sd``, ``(B, G)``.
    """

    sd: np.ndarray
    by_batch: np.ndarray
    by_category: np.ndarray
    slopes: np.ndarray
    value_mean: np.ndarray
    value_sd: np.ndarray
    batch_scale: np.ndarray


def fit_adjustment(blocks: Callable[[], Iterable[np.ndarray]], design: Design, *, mask_zeros: bool) -> Adjustment:
    """Fit location and scale by batch and covariates, in three passes over the cells.

    Parameters
    ----------
    blocks
        Function that iterates over the log-normalised expression in blocks of cells, in order.
    design
        What is known about the cells.
    mask_zeros
        Whether zeros are left out.
    """
    matrix, where, adds = design.matrix
    coefficients = _coefficients(blocks, matrix[:, adds], mask_zeros)
    full = np.zeros((matrix.shape[1], coefficients.shape[1]))
    full[adds] = coefficients
    taken_out = np.ones(matrix.shape[1], dtype=bool)
    taken_out[where[-1]] = False
    codes = np.zeros(len(matrix), dtype=int) if design.batch is None else design.batch.codes
    n_batches = 1 if design.batch is None else len(design.batch.levels)
    spread = _Spread.empty(n_batches, full.shape[1])
    start, centre = 0, np.zeros((2, full.shape[1]))
    for block in blocks():
        rows = slice(start, start + len(block))
        start += len(block)
        counted = block != 0 if mask_zeros else np.ones(block.shape, dtype=bool)
        location = matrix[rows][:, taken_out] @ full[taken_out]
        within = block - matrix[rows] @ full
        spread.add(codes[rows], counted, block - location, within)
        centre += [np.where(counted, location, 0).sum(0), counted.sum(0)]
    mean = centre[0] / np.maximum(centre[1], 1)
    sd, batch_scale = spread.scales()
    by_factor = [np.vstack([np.zeros(full.shape[1]), full[columns]]) for columns in where[: len(design.corrected)]]
    by_batch = np.zeros((1, full.shape[1])) if design.batch is None else by_factor.pop(0)
    value_mean, value_sd, _ = design.standardised_values()
    return Adjustment(
        sd=sd,
        by_batch=by_batch + full[0] - mean,
        by_category=np.vstack([np.zeros((0, full.shape[1])), *by_factor]),
        slopes=full[where[-2]],
        value_mean=value_mean,
        value_sd=value_sd,
        batch_scale=batch_scale,
    )


def _coefficients(blocks: Callable[[], Iterable[np.ndarray]], matrix: np.ndarray, mask_zeros: bool) -> np.ndarray:
    """Return the coefficients of least squares over the counted entries, ``(p, G)``."""
    if not mask_zeros:
        products, start = 0.0, 0
        for block in blocks():
            products = products + matrix[start : start + len(block)].T @ block
            start += len(block)
        return np.linalg.solve(matrix.T @ matrix + _ridge(matrix.shape[1]), products)
    return _coefficients_of_counted(blocks, matrix)


def _coefficients_of_counted(blocks: Callable[[], Iterable[np.ndarray]], matrix: np.ndarray) -> np.ndarray:
    """Return coefficients with a matrix of normal equations for each gene, for some genes at a time."""
    n_genes = next(iter(blocks())).shape[1]
    first, second = np.triu_indices(matrix.shape[1])
    width = max(1, _BYTES_OF_PRODUCTS // (8 * len(first)))
    coefficients = np.zeros((matrix.shape[1], n_genes))
    for genes in (slice(at, at + width) for at in range(0, n_genes, width)):
        gram: np.ndarray | float = 0.0
        products: np.ndarray | float = 0.0
        start = 0
        for block in blocks():
            rows = matrix[start : start + len(block)]
            start += len(block)
            gram = gram + (rows[:, first] * rows[:, second]).T @ (block[:, genes] != 0)
            products = products + rows.T @ block[:, genes]
        normal = np.zeros((coefficients[:, genes].shape[1], matrix.shape[1], matrix.shape[1]))
        normal[:, first, second] = normal[:, second, first] = np.asarray(gram).T
        solved = np.linalg.solve(normal + _ridge(matrix.shape[1]), np.asarray(products).T[:, :, None])
        coefficients[:, genes] = solved[:, :, 0].T
    return coefficients


def _ridge(n: int) -> np.ndarray:
    return _RIDGE * np.eye(n)


@dataclass
class _Spread:
    """Sums of powers of the residuals, by batch: with and without what the groups explain."""

    n: np.ndarray
    sums: np.ndarray
    squares: np.ndarray
    within: np.ndarray
    fourth: np.ndarray

    @classmethod
    def empty(cls, n_batches: int, n_genes: int) -> _Spread:
        return cls(*np.zeros((5, n_batches, n_genes)))

    def add(self, codes: np.ndarray, counted: np.ndarray, residual: np.ndarray, within: np.ndarray) -> None:
        for batch in np.unique(codes):
            here = codes == batch
            self.n[batch] += counted[here].sum(0)
            self.sums[batch] += np.where(counted[here], residual[here], 0).sum(0)
            self.squares[batch] += (np.square(residual[here]) * counted[here]).sum(0)
            square = np.square(within[here]) * counted[here]
            self.within[batch] += square.sum(0)
            self.fourth[batch] += np.square(square).sum(0)

    def scales(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the standard deviation of the adjusted expression, ``(G,)``, and that of each batch relative to it."""
        ratio = np.exp(self._log_ratios() / 2) if len(self.n) > 1 else np.ones(self.n.shape)
        n = np.maximum(self.n.sum(0), 1)
        mean = self.sums.sum(0) / n
        squares = self.squares - 2 * mean * self.sums + self.n * np.square(mean)
        sd = np.sqrt(np.maximum((squares / np.square(ratio)).sum(0) / n, 0))
        return np.where(sd > np.sqrt(_LEAST_VARIANCE), sd, 1.0), ratio

    def _log_ratios(self) -> np.ndarray:
        n = self.n.sum(0)
        pooled = self.within.sum(0) / np.maximum(n, 1)
        squared = np.square(self.within)
        of_batch = np.divide(self.fourth * self.n, squared, out=np.zeros(squared.shape), where=squared > 0)
        kurtosis = ((of_batch * self.n).sum(0) / np.maximum(n, 1)).clip(_LEAST_KURTOSIS)
        sampling = (kurtosis - 1) / np.maximum(self.n, 1)
        known = (self.n > 2) & (self.within > _LEAST_VARIANCE) & (pooled > _LEAST_VARIANCE)
        variance = np.where(known, self.within / np.maximum(self.n - 1, 1), 1.0)
        ratios = np.where(known, np.log(variance / np.where(known, pooled, 1.0)) + sampling / 2, 0.0)
        return np.stack([_shrunk(y, v, k) for y, v, k in zip(ratios, sampling, known, strict=True)])


def _shrunk(values: np.ndarray, sampling: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Shrink values with known sampling variances towards their mean; unknown values become the mean."""
    if known.sum() < 2:
        return np.zeros(len(values))
    y, v = values[known], sampling[known]
    weights = 1 / v
    mean = np.average(y, weights=weights)
    excess = (weights * np.square(y - mean)).sum() - (len(y) - 1)
    between = max(0.0, excess / (weights.sum() - np.square(weights).sum() / weights.sum()))
    mean = np.average(y, weights=1 / (v + between))
    return np.where(known, mean + between / (between + sampling) * (values - mean), mean)
