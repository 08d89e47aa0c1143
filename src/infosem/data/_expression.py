"""Checks and statistics of the expression, in one pass over blocks of cells."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import sparse

logger = logging.getLogger(__name__)

_BLOCK_ENTRIES = 2**23
_LEAST_SD = float(np.finfo(np.float32).tiny)
"""Smallest standard deviation that differs from zero in single precision."""
_HIGHEST_COUNT = 1e9
_HIGHEST_LOGARITHM = 20.0
"""Largest plausible log-normalised value, above the logarithm of base two of a million counts."""


_GENES_FOR_ZEROS = 300
_SIGNIFICANT = 1.96
_NEGLIGIBLE, _STANDARD_ERRORS = 0.05, 4.0
"""Largest excess over one of the mean chi-square of two genes' zeros, absolute and in standard errors. The mean is one
if zeros are independent."""


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
class _Moments:
    """Mean and sum of squared deviations of each gene, updated by blocks of cells (Chan et al. 1983)."""

    n: np.ndarray
    mean: np.ndarray
    squares: np.ndarray

    @classmethod
    def empty(cls, n_genes: int) -> _Moments:
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


@dataclass(frozen=True)
class ExpressionSummary:
    """Statistics of the expression.

    Attributes
    ----------
    all_values, nonzero_values
        Standardisation by all values of a gene, and by its non-zero values.
    varies
        Whether each gene varies over the cells, boolean ``(G,)``.
    n_cells
        Number of cells.
    zeros_go_together
        Whether the zeros of two genes depend on each other (:func:`zeros_go_together`).
    """

    all_values: Standardisation
    nonzero_values: Standardisation
    varies: np.ndarray
    n_cells: int
    zeros_go_together: bool

    def standardisation(self, standardise: Literal["non-zero", "all"]) -> Standardisation:
        """Return the standardisation by the non-zero values or by all values."""
        return self.nonzero_values if standardise == "non-zero" else self.all_values


def summarise_expression(x: Any, *, name: str) -> ExpressionSummary:
    """Compute statistics of ``x``, and check that it can be log-normalised expression.

    Parameters
    ----------
    x
        Expression, cells x genes, as an array, a sparse matrix, or a backed data set of either.
    name
        Name of the expression in messages.

    Raises
    ------
    ValueError
        If there are fewer than two cells or genes, or values that are negative or not finite.
    """
    n_cells, n_genes = x.shape
    if n_cells < 2 or n_genes < 2:
        raise ValueError(f"{name} has {n_cells} cells and {n_genes} genes; a network needs at least two of each.")
    all_values, nonzero_values = _Moments.empty(n_genes), _Moments.empty(n_genes)
    lowest, highest = np.full(n_genes, np.inf), np.full(n_genes, -np.inf)
    for block in _checked_blocks(x, name):
        all_values.add(block, np.ones_like(block, dtype=bool))
        nonzero_values.add(block, block != 0)
        np.minimum(lowest, block.min(0), out=lowest)
        np.maximum(highest, block.max(0), out=highest)
    varies = highest.astype(np.float32) > lowest.astype(np.float32)  # in the precision of the model
    if not varies.any():
        raise ValueError(f"All {n_genes} genes of {name} are constant over the cells: there is nothing to learn from.")
    if not varies.all():
        logger.warning("%d of %d genes are constant over the cells; their weights are zero.", (~varies).sum(), n_genes)
    return ExpressionSummary(
        all_values.standardisation(), nonzero_values.standardisation(), varies, n_cells, zeros_go_together(x)
    )


def zeros_go_together(x: Any) -> bool:
    r"""Return whether zeros carry information, because the zeros of two genes depend on each other.

    The 2 x 2 table of the zeros of two genes has the chi-square statistic :math:`N \phi^2`. If values were lost at
    random, its mean is one. If a zero says that there was little to count, genes that are expressed together are zero
    together, and the mean is larger. Zeros occur together if the mean over the :math:`P` pairs of up to 300 genes is
    above one by more than .05 and by more than four standard errors, :math:`\sqrt{2 / P}`.

    Parameters
    ----------
    x
        Expression, cells x genes, as an array, a sparse matrix, or a backed data set of either.
    """
    genes = np.unique(np.linspace(0, x.shape[1] - 1, _GENES_FOR_ZEROS).astype(int))
    n, sums, products = 0, np.zeros(len(genes)), np.zeros((len(genes), len(genes)))
    for block in blocks_of_cells(x):
        detected = (block[:, genes] != 0).astype(np.float64)
        n += len(detected)
        sums += detected.sum(0)
        products += detected.T @ detected
    share = sums / n
    mixed = (share > 0) & (share < 1)
    if mixed.sum() < 2:
        return True
    share = share[mixed]
    sd = np.sqrt(share * (1 - share))
    phi = (products[np.ix_(mixed, mixed)] / n - np.outer(share, share)) / np.outer(sd, sd)
    chi_square = (n * np.square(phi))[np.triu_indices(len(share), 1)]
    chance = _STANDARD_ERRORS * np.sqrt(2 / len(chi_square))
    return bool(chi_square.mean() > 1 + max(_NEGLIGIBLE, chance))


def check_expression(x: Any, *, name: str) -> None:
    """Check that ``x`` can be log-normalised expression, with errors and warnings of :func:`summarise_expression`."""
    for _ in _checked_blocks(x, name):
        pass


def _checked_blocks(x: Any, name: str) -> Iterator[np.ndarray]:
    integral, highest = True, 0.0
    for block in blocks_of_cells(x):
        n_wrong = block.size - int(np.isfinite(block).sum())
        if n_wrong:
            raise ValueError(
                f"{name} holds values that are not finite ({n_wrong} NaN or infinite entries among the first cells "
                f"looked at). Remove or impute them first, for instance {name} = numpy.nan_to_num({name})."
            )
        if block.min() < 0:
            raise ValueError(
                f"{name} holds negative values (lowest {block.min():.3g}): it looks scaled. InfoSEM expects "
                "log-normalised expression and standardises it itself. Pass layer= with log-normalised values, or use "
                "adata.raw.to_adata()."
            )
        if block.max() > _HIGHEST_COUNT:
            raise ValueError(
                f"{name} holds values up to {block.max():.3g}, more than any count. InfoSEM expects "
                "log-normalised expression: pass layer= with it, or look for what went wrong before."
            )
        integral = integral and bool((block == np.floor(block)).all())
        highest = max(highest, float(block.max()))
        yield block
    if integral and highest == 1:
        logger.warning(
            "%s holds zeros and ones only, as if it recorded whether a gene was detected. Networks inferred from such "
            "values are poor. InfoSEM expects log-normalised expression: pass layer= with it.",
            name,
        )
    elif integral and highest > 1:
        logger.warning(
            "%s holds whole numbers only: it looks like raw counts. InfoSEM expects log-normalised expression: run "
            "scanpy.pp.normalize_total(adata) and scanpy.pp.log1p(adata) first, or pass layer=.",
            name,
        )
    elif highest > _HIGHEST_LOGARITHM:
        logger.warning(
            "%s holds values up to %.3g: it looks as if it were not log-transformed. InfoSEM expects "
            "log-normalised expression: run scanpy.pp.log1p(adata) first, or pass layer=.",
            name,
            highest,
        )


def is_in_memory(x: Any) -> bool:
    """Return whether the expression is an array or a sparse matrix in memory, instead of a data set in a file."""
    return isinstance(x, np.ndarray) or sparse.issparse(x)


def cells_of(x: Any, cells: slice) -> Any:
    """Return a range of cells as an array or a sparse matrix, from memory or from a file."""
    block = x[cells]
    return block.compute() if hasattr(block, "compute") else block  # dask arrays are lazy


def blocks_of_cells(x: Any) -> Iterator[np.ndarray]:
    """Iterate over blocks of cells, in order, as dense float64 arrays."""
    if sparse.issparse(x) and x.format != "csr":
        x = x.tocsr()
    size = max(1, _BLOCK_ENTRIES // x.shape[1])
    for start in range(0, x.shape[0], size):
        block = cells_of(x, slice(start, start + size))
        yield np.asarray(block.toarray() if sparse.issparse(block) else block, dtype=np.float64)


def gene_means(x: Any) -> np.ndarray:
    """Return the mean of each gene, ``(G,)``."""
    if is_in_memory(x):
        return np.asarray(x.sum(axis=0, dtype=np.float64)).ravel() / x.shape[0]
    return np.sum([block.sum(0) for block in blocks_of_cells(x)], axis=0) / x.shape[0]


def signs_beyond_noise(correlation: np.ndarray, n_cells: int) -> np.ndarray:
    """Return the sign of each correlation, int8. It is zero within 1.96 standard errors of zero."""
    beyond_noise = np.abs(correlation) * np.sqrt(n_cells) > _SIGNIFICANT
    return np.where(beyond_noise, np.sign(correlation), 0).astype(np.int8)


def pearson_correlation(x: Any, rows: np.ndarray) -> np.ndarray:
    """Return Pearson correlations of the genes ``rows`` with all genes, ``(R, G)``. Constant genes have zero."""
    n_genes = x.shape[1]
    moments, products = _Moments.empty(n_genes), np.zeros((len(rows), n_genes))
    for block in blocks_of_cells(x):
        products += block[:, rows].T @ block
        moments.add(block, np.ones_like(block, dtype=bool))
    n_cells = x.shape[0]
    covariance = products / n_cells - np.outer(moments.mean[rows], moments.mean)
    sd = moments.sd()
    scale = np.outer(sd[rows], sd)
    return np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0)
