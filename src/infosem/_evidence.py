r"""What speaks for an edge, each piece in nats, so that all of it adds up.

A statistic of every pair becomes evidence as minus the logarithm of the share of pairs that have as much or more,

.. math:: e_{ij} = -\log \frac{\#\{(k, l): t_{kl} \geq t_{ij}\}}{\#\{(k, l)\}} ,

the logarithm of its empirical p-value, which R. A. Fisher (1925) adds up over tests.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


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
    values = statistic[possible]
    if len(values):
        evidence[possible] = -np.log(rankdata(-values, method="average") / len(values))
    return evidence


def against_background(correlation: np.ndarray, regulators: np.ndarray) -> np.ndarray:
    r"""Absolute correlations against those that the regulator and the gene have with all others.

    .. math:: \sqrt{\max(0, z_i)^2 + \max(0, z_j)^2}, \qquad z_i = \frac{|r_{ij}| - m_i}{s_i}, \quad
              z_j = \frac{|r_{ij}| - m_j}{s_j}

    with mean and standard deviation over the genes that regulator :math:`i` is paired with, and over the regulators
    that gene :math:`j` is paired with: context likelihood of relatedness (Faith et al. 2007).

    Parameters
    ----------
    correlation
        ``(R, G)``.
    regulators
        Column of each regulator among the genes: a gene with itself does not count, and has zero.
    """
    size = np.abs(correlation)
    itself = np.arange(len(regulators)), regulators
    size[itself] = 0
    squares = []
    for axis in (1, 0):
        n = np.full(size.shape[1 - axis], size.shape[axis])
        if axis == 1:
            n -= 1
        else:
            n[regulators] -= 1
        mean = size.sum(axis, dtype=np.float64) / np.maximum(n, 1)
        second = np.square(size).sum(axis, dtype=np.float64) / np.maximum(n, 1)
        sd = np.sqrt(np.maximum(second - np.square(mean), 0))
        sd = np.where(sd > 1e-9, sd, np.inf).astype(size.dtype)
        mean = mean.astype(size.dtype)
        z = (size - np.expand_dims(mean, axis)) / np.expand_dims(sd, axis)
        squares.append(np.square(np.maximum(z, 0)))
    background = np.sqrt(squares[0] + squares[1])
    background[itself] = 0
    return background
