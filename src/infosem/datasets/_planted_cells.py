"""Cells of planted networks, by the structural equation model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.data._arguments import share
from infosem.datasets._planting import Planting
from infosem.datasets._sequencing import check_sequencing, log_normalise, sequence

_DROPOUT = 0.3
_COUNTS = 1


@dataclass(frozen=True)
class Sequencing:
    """How cells are measured: the share of values that are lost, and the median total count, ``None`` without counts.

    See ``dropout`` and ``depth`` of :func:`infosem.datasets.simulate`.
    """

    dropout: float
    depth: float | None

    @classmethod
    def checked(cls, dropout: float | None, depth: float | None) -> Sequencing:
        """Fill in the default of the dropout, and validate both. Raise a :class:`ValueError` if one is out of range."""
        if dropout is None:
            dropout = _DROPOUT if depth is None else 0.0
        share(dropout, "dropout")
        if depth is not None:
            check_sequencing(depth, dropout)
        return cls(dropout, depth)


@dataclass(frozen=True)
class Responses:
    """How far the genes deviate from their levels in each cell, and what is drawn with it.

    Attributes
    ----------
    level
        Level of each gene, ``(G,)``.
    change
        Deviation from the level in each cell, ``(N, G)``.
    chance
        Uniform random numbers that decide which values are lost, ``(N, G)``.
    """

    level: np.ndarray
    change: np.ndarray
    chance: np.ndarray


def respond(networks: Iterable[tuple[int, np.ndarray]], n_genes: int, rng: np.random.Generator) -> Responses:
    r"""Draw cells of networks, one group of cells after the other.

    .. math:: Z_{cj} \sim N(0, 1), \qquad H = Z (I - A)^{-1}, \qquad s_j \tanh(H_{cj} / 2)

    Parameters
    ----------
    networks
        Number of cells and network :math:`A`, ``(R, G)``, of each group of cells.
    n_genes
        Number of genes.
    rng
        Random number generator.
    """
    h = np.concatenate([_propagate(rng.standard_normal((n_cells, n_genes)), network) for n_cells, network in networks])
    level, spread = rng.uniform(1.5, 3.0, n_genes), rng.uniform(0.8, 1.4, n_genes)
    change = spread * np.tanh(h / 2)
    return Responses(level, change, rng.random(change.shape))


def _propagate(noise: np.ndarray, adjacency: np.ndarray) -> np.ndarray:
    n_regulators = len(adjacency)
    among = np.eye(n_regulators) - adjacency[:, :n_regulators]
    return noise + np.linalg.solve(among.T, noise[:, :n_regulators].T).T @ adjacency


def measure(
    responses: Responses, planting: Planting, sequencing: Sequencing, *, seed: int, shift: np.ndarray | float = 0.0
) -> AnnData:
    """Measure the cells: dropout, or counts with those of background genes.

    Parameters
    ----------
    responses
        Levels of the genes, and deviations from them.
    planting
        What names the genes.
    sequencing
        Dropout and depth.
    seed
        Seed of the counts, which have a random number generator of their own.
    shift
        Difference of the level in a cell from that of the gene, ``(N, G)``.

    Returns
    -------
    AnnData with ``X`` and ``var`` and, with a depth, ``layers["counts"]`` and ``obs["total_counts"]``.
    """
    change = responses.change + shift
    counts = None
    if sequencing.depth is None:
        lost = responses.chance <= _dropout_rate(responses.level + shift, sequencing.dropout)
        expression = np.where(lost, 0, np.maximum(0, responses.level + change))
    else:
        # a separate generator leaves everything else as it is without counts
        rng = np.random.default_rng([seed, _COUNTS])
        counts, total = sequence(np.exp(change), depth=sequencing.depth, dropout=sequencing.dropout, rng=rng)
        expression = log_normalise(counts, total)
    adata = AnnData(
        sparse.csr_matrix(expression.astype(np.float32)),
        obs=pd.DataFrame(index=[f"cell{c}" for c in range(len(expression))]),
        var=planting.annotation(),
    )
    if counts is not None:
        adata.layers["counts"] = sparse.csr_matrix(counts.astype(np.float32))
        adata.obs["total_counts"] = total
    return adata


def _dropout_rate(level: np.ndarray, dropout: float) -> np.ndarray:
    rate = np.exp(-level)
    return np.minimum(0.95, rate * dropout / rate.mean())
