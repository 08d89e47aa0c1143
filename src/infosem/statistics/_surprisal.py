r"""What speaks for an edge, each piece in nats, so that all of it adds up.

A statistic of every pair becomes evidence as minus the logarithm of the share of pairs that have as much or more,

.. math:: e_{ij} = -\log \frac{\#\{(k, l): t_{kl} \geq t_{ij}\}}{\#\{(k, l)\}} ,

the logarithm of its empirical p-value, which R. A. Fisher (1925) adds up over tests.
"""

from __future__ import annotations

import numpy as np

_STRONGEST = 0.003


def surprisal(statistic: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Evidence of a statistic, ``(R, G)``, in nats; zero for pairs that cannot be edges.

    Parameters
    ----------
    statistic
        ``(R, G)``; the more, the more it speaks for an edge.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    """
    evidence = np.zeros(statistic.shape, dtype=np.float32)
    everything = np.sort(statistic[possible])
    # row by row, and each in order: ranks of all pairs at once take four times the memory
    for row, can_be in enumerate(possible):
        columns = np.flatnonzero(can_be)
        columns = columns[np.argsort(statistic[row, columns])]
        values = statistic[row, columns]
        below, not_above = (np.searchsorted(everything, values, side) for side in ("left", "right"))
        # of ties the mean rank
        rank = len(everything) - (below + not_above - 1) / 2
        evidence[row, columns] = -np.log(rank / len(everything))
    return evidence


def strongest(values: np.ndarray) -> np.ndarray:
    """Positions of the strongest .3 % of ``values``, ``(n,)``, or of 20 if that is more."""
    n_strongest = min(len(values), max(20, int(_STRONGEST * len(values))))
    return np.argpartition(-values, n_strongest - 1)[:n_strongest]


def against_background(
    correlation: np.ndarray, regulators: np.ndarray, of_reference: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    r"""Absolute correlations against those that the regulator and the gene have with all others.

    .. math:: \sqrt{\max(0, z_i)^2 + \max(0, z_j)^2}, \qquad z_i = \frac{|r_{ij}| - m_i}{s_i}, \quad
              z_j = \frac{|r_{ij}| - m_j}{s_j}

    with mean and standard deviation over all genes that regulator :math:`i` is paired with, and over the reference
    genes that gene :math:`j` is paired with: context likelihood of relatedness (Faith et al. 2007).

    Parameters
    ----------
    correlation
        Of the regulators with all genes, ``(R, G)``.
    regulators
        Column of each regulator among the genes, ``(R,)``: a gene with itself does not count, and has zero.
    of_reference, reference
        The same of the reference genes, ``(Q, G)`` and ``(Q,)``.
    """
    size = np.abs(correlation)
    itself = np.arange(len(regulators)), regulators
    size[itself] = 0
    of_regulators = _above(size, *_mean_and_sd(size, np.full(len(regulators), size.shape[1] - 1), axis=1), axis=1)
    background = np.abs(of_reference)
    background[np.arange(len(reference)), reference] = 0
    n_others = np.full(size.shape[1], len(reference))
    n_others[reference] -= 1
    of_genes = _above(size, *_mean_and_sd(background, n_others, axis=0), axis=0)
    statistic = np.sqrt(of_regulators + of_genes)
    statistic[itself] = 0
    return statistic


def _mean_and_sd(size: np.ndarray, n: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    n = np.maximum(n, 1)
    mean = size.sum(axis, dtype=np.float64) / n
    sd = np.sqrt(np.maximum(np.square(size).sum(axis, dtype=np.float64) / n - np.square(mean), 0))
    return mean, np.where(sd > 1e-9, sd, np.inf)


def _above(size: np.ndarray, mean: np.ndarray, sd: np.ndarray, axis: int) -> np.ndarray:
    mean, sd = (np.expand_dims(values.astype(size.dtype), axis) for values in (mean, sd))
    return np.square(np.maximum((size - mean) / sd, 0))
