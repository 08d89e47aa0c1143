"""Simulation of sequencing: counts of the genes of a network and of background genes."""

from __future__ import annotations

import numpy as np

from infosem.data._arguments import number

N_BACKGROUND = 2000
"""Number of background genes, which are sequenced with those of the network."""

_LEVEL_SD = 1.2
_DEPTH_SD = 0.4
_BACKGROUND_SHAPE = 4.0
_DROPOUT_SLOPE = 8.0
_TARGET_SUM = 1e4


def sequence(
    expression: np.ndarray, *, depth: float, dropout: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    r"""Simulate sequencing counts from expression.

    .. math::

        C_{cj} \sim \mathrm{Poisson}(D_{cj} \lambda_{cj}), \qquad
        \lambda_{cj} = t \, d_c \, \frac{\ell_j e_{cj}}{\sum_k \ell_k e_{ck}}, \qquad
        e_{cj} = \frac{x_{cj}}{\bar{x}_j}, \qquad
        D_{cj} \sim \mathrm{Bernoulli}\Big(\frac{1}{1 + \exp(-8 (\log(1 + \lambda_{cj}) - q))}\Big)

    The sum is over the :math:`G` genes of the network and 2000 background genes, whose :math:`e` is drawn from a gamma
    distribution with mean one and variance 1/4. Levels :math:`\ell_j` and depths :math:`d_c` are log-normal with median
    one and log-sds of 1.2 and 0.4. :math:`q` is the quantile ``dropout`` of all :math:`\log(1 + \lambda)`; without
    dropout :math:`D = 1`.

    This avoids two artefacts that would reveal the network. First, simulated genes with more regulators are expressed
    more, which half-lives and promoters compensate in real cells. Here, the level of a gene is independent of its
    edges. Second, the total count of a cell is dominated by background genes, so that normalising by it does not couple
    the genes of the network.

    Parameters
    ----------
    expression
        Non-negative expression :math:`x`, ``(N, G)``.
    depth
        Median total count :math:`t` of a cell over all genes, before dropout.
    dropout
        Approximate share of values that are lost, in [0, 1). Small values are lost preferentially.
    rng
        Random number generator.

    Returns
    -------
    Counts ``(N, G)``, and total counts ``(N,)`` over the genes of the network and the background.

    References
    ----------
    Dropout: Dibaeinia and Sinha (2020), Cell Systems 11, 252-271.
    """
    n_cells, n_genes = expression.shape
    mean = expression.mean(axis=0)
    relative = np.divide(expression, mean, out=np.zeros(expression.shape), where=mean > 0)
    others = rng.gamma(_BACKGROUND_SHAPE, 1 / _BACKGROUND_SHAPE, (n_cells, N_BACKGROUND))
    amount = np.hstack([relative, others]) * rng.lognormal(0, _LEVEL_SD, n_genes + N_BACKGROUND)
    of_cell = depth * rng.lognormal(0, _DEPTH_SD, (n_cells, 1))
    rate = amount / amount.sum(axis=1, keepdims=True) * of_cell
    if dropout > 0:
        size = np.log1p(rate)
        kept = 1 / (1 + np.exp(-_DROPOUT_SLOPE * (size - np.quantile(size, dropout))))
        rate = rate * (rng.random(rate.shape) < kept)
    counts = rng.poisson(rate)
    return counts[:, :n_genes], counts.sum(axis=1)


def log_normalise(counts: np.ndarray, total: np.ndarray) -> np.ndarray:
    r"""Return :math:`\log(1 + 10^4 C_{cj} / T_c)`, ``(N, G)``, with totals :math:`T_c` over all genes, ``(N,)``."""
    return np.log1p(_TARGET_SUM * counts / np.maximum(total, 1)[:, None])


def check_sequencing(depth: float, dropout: float) -> None:
    """Raise a :class:`ValueError` if depth or dropout is out of range."""
    number(depth, "depth", above=0, what="the median count of a cell, such as depth=3000")
    number(dropout, "dropout", least=0, below=1, what="a share of the counts; dropout=0 loses none")
