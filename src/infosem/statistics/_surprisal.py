r"""Conversion of statistics to evidence in nats, so that different kinds of evidence can be added.

A statistic is converted to evidence as minus the logarithm of the share of pairs that have at least the same value,

.. math:: e_{ij} = -\log \frac{\#\{(k, l): t_{kl} \geq t_{ij}\}}{\#\{(k, l)\}} .

This is minus the logarithm of an empirical p-value, which R. A. Fisher (1925) sums over tests.
"""

from __future__ import annotations

import numpy as np

_STRONGEST = 0.003
_KNOTS = 2000


def surprisal(statistic: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Convert a statistic to evidence in nats.

    Parameters
    ----------
    statistic
        Statistic of each pair, ``(R, G)``. Large values support an edge.
    possible
        Pairs that can be edges, boolean ``(R, G)``.

    Returns
    -------
    Evidence, ``(R, G)``, which is zero for pairs that cannot be edges.
    """
    evidence = np.zeros(statistic.shape, dtype=np.float32)
    everything = np.sort(statistic[possible])
    # ranks are found row by row, since ranking all pairs at once takes four times the memory
    for row, can_be in enumerate(possible):
        columns = np.flatnonzero(can_be)
        columns = columns[np.argsort(statistic[row, columns])]
        values = statistic[row, columns]
        below, not_above = (np.searchsorted(everything, values, side) for side in ("left", "right"))
        # ties get their mean rank
        rank = len(everything) - (below + not_above - 1) / 2
        evidence[row, columns] = -np.log(rank / len(everything))
    return evidence


def approximate_surprisal(statistic: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Return the :func:`surprisal` to about .01 nats, several times faster.

    It is interpolated between ranks that differ by less than 1 %. The many pairs with the lowest value share one rank.
    """
    values = np.sort(statistic[possible])
    evidence = np.zeros(statistic.shape, dtype=np.float32)
    n = len(values)
    if n == 0:
        return evidence
    ranks = np.unique(np.geomspace(n, 1, _KNOTS).astype(int))[::-1]
    of_pairs = statistic[possible]
    found = np.interp(of_pairs, values[n - ranks], -np.log(ranks / n))
    n_lowest = np.searchsorted(values, values[0], side="right")
    evidence[possible] = np.where(of_pairs == values[0], -np.log(1 - (n_lowest - 1) / (2 * n)), found)
    return evidence


def strongest(values: np.ndarray) -> np.ndarray:
    """Return the positions of the largest 0.3 % of ``values``, ``(n,)``, or of the largest 20 if these are more."""
    n_strongest = min(len(values), max(20, int(_STRONGEST * len(values))))
    return np.argpartition(-values, n_strongest - 1)[:n_strongest]


def against_background(
    correlation: np.ndarray, regulators: np.ndarray, of_reference: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    r"""Compare absolute correlations with those that the regulator and the gene have with all other genes.

    .. math:: \sqrt{\max(0, z_i)^2 + \max(0, z_j)^2}, \qquad z_i = \frac{|r_{ij}| - m_i}{s_i}, \quad
              z_j = \frac{|r_{ij}| - m_j}{s_j}

    The mean :math:`m_i` and standard deviation :math:`s_i` are those of regulator :math:`i` with all genes.
    :math:`m_j` and :math:`s_j` are those of gene :math:`j` with the reference genes. This is the context likelihood of
    relatedness (CLR, Faith et al. 2007).

    Parameters
    ----------
    correlation
        Correlation of the regulators with all genes, ``(R, G)``.
    regulators
        Column of each regulator among the genes, ``(R,)``. A gene with itself does not count, and gets zero.
    of_reference, reference
        Correlation of the reference genes with all genes, ``(Q, G)``, and their columns, ``(Q,)``.
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
