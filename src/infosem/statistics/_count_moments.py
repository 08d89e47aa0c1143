"""Mean and dispersion of the counts of each gene, by the method of moments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class CountMoments(NamedTuple):
    """Mean and dispersion of the counts of each gene.

    Attributes
    ----------
    mean
        Mean of the normalised counts, ``(G,)``.
    dispersion
        Dispersion of the counts of a cell of average size, which is zero if they are Poisson distributed, ``(G,)``.
    """

    mean: Tensor
    dispersion: Tensor


def count_moments(mean: np.ndarray, variance: np.ndarray, sizes: np.ndarray) -> CountMoments:
    r"""Estimate the dispersion :math:`\theta_j` of each gene.

    .. math::
        \mathrm{Var} \frac{C_{cj}}{s_c} = \rho_j h + \theta_j \rho_j^2, \qquad h = \overline{1 / s_c}, \qquad
        \hat\theta_j = \frac{\mathrm{Var} - \rho_j h}{\rho_j^2}

    The standard error of :math:`\hat\theta_j` is about :math:`e_j = \sqrt{2 / N} \, h / \rho_j`, which is large for
    genes with few counts. They are shrunk to the mean :math:`\bar\theta` over the genes, weighted by
    :math:`1 / (\bar\theta^2 + e_j^2)`, with which the mean is computed too.

    Parameters
    ----------
    mean, variance
        Mean and variance of the normalised counts of each gene, ``(G,)``.
    sizes
        Size factors of the cells, ``(N,)``.
    """
    inverse = np.mean(1 / sizes)
    seen = mean > 0
    rate = np.where(seen, mean, 1.0)
    found = np.maximum((variance - mean * inverse) / rate**2, 0.0)
    error = np.sqrt(2 / len(sizes)) * inverse / rate
    average = 0.5
    for _ in range(20):
        weight = np.where(seen, 1 / (average**2 + error**2), 0.0)
        average = max(float((weight * found).sum() / max(weight.sum(), 1e-30)), 1e-2)
    own = average**2 / (average**2 + error**2)
    dispersion = np.where(seen, own * found + (1 - own) * average, average)
    return CountMoments(*(torch.as_tensor(values, dtype=torch.float32) for values in (mean, dispersion)))
