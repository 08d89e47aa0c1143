"""Checks and statistics of the expression, in one pass over blocks of cells."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from infosem.data._blocks import blocks_of_cells
from infosem.data._moments import Moments, Standardisation
from infosem.data._zeros import zeros_go_together

logger = logging.getLogger(__name__)

_HIGHEST_COUNT = 1e9
_HIGHEST_LOGARITHM = 20.0
"""Largest plausible log-normalised value, above the logarithm of base two of a million counts."""


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


def summarise_expression(
    blocks: Callable[[], Iterable[np.ndarray]], n_genes: int, *, stratum: np.ndarray, name: str
) -> ExpressionSummary:
    """Compute statistics of the expression.

    Parameters
    ----------
    blocks
        Function that iterates over the log-normalised expression in blocks of cells, in order.
    n_genes
        Number of genes.
    stratum
        Batch and group of each cell, as one integer, ``(N,)``.
    name
        Name of the expression in messages.

    Raises
    ------
    ValueError
        If there is nothing to learn from.
    """
    all_values, nonzero_values = Moments.empty(n_genes), Moments.empty(n_genes)
    lowest, highest = np.full(n_genes, np.inf), np.full(n_genes, -np.inf)
    for block in blocks():
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
        all_values=all_values.standardisation(),
        nonzero_values=nonzero_values.standardisation(),
        varies=varies,
        n_cells=len(stratum),
        zeros_go_together=zeros_go_together(blocks(), n_genes, stratum),
    )


def check_expression(x: Any, *, name: str) -> bool:
    """Check that ``x`` can be counts or log-normalised expression, and return whether it holds counts.

    Counts are whole numbers, some of which are above one.

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
    if min(x.shape) < 2:
        raise ValueError(f"{name} has {x.shape[0]} cells and {x.shape[1]} genes; a network needs at least two of each.")
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
                "counts or log-normalised expression and standardises it itself. Pass layer= with one of them, or use "
                "adata.raw.to_adata()."
            )
        if block.max() > _HIGHEST_COUNT:
            raise ValueError(
                f"{name} holds values up to {block.max():.3g}, more than any count. InfoSEM expects "
                "counts or log-normalised expression: pass layer= with it, or look for what went wrong before."
            )
        integral = integral and bool((block == np.floor(block)).all())
        highest = max(highest, float(block.max()))
    if integral and highest == 1:
        logger.warning(
            "%s holds zeros and ones only, as if it recorded whether a gene was detected. Networks inferred from such "
            "values are poor. InfoSEM expects counts or log-normalised expression: pass layer= with it.",
            name,
        )
    elif not integral and highest > _HIGHEST_LOGARITHM:
        logger.warning(
            "%s holds values up to %.3g: it looks as if it were not log-transformed. InfoSEM expects counts, which "
            "are whole numbers, or log-normalised expression. If these are normalised values, such as CPM, run "
            "scanpy.pp.log1p(adata) first. If they are counts with fractions, such as SoupX makes, round them: "
            "%s = numpy.rint(%s). Otherwise pass layer=.",
            name,
            highest,
            name,
            name,
        )
    return integral and highest > 1
