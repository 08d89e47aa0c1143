"""Sizes of effects that compare between regulators, and what regulators that are alike say of each other's."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from infosem._ridge import ridge_predictions

SHRINKAGE = 0.5
"""Weight of a regulator's mean against that of the edge itself, chosen on splits of training genes."""

MIN_REGULATORS = 200
"""Smoothing gains on the benchmark's 323 to 627 regulators. Of the 26 of some blood cells it mixed up the targets."""


def effect_sizes(weights: Tensor, spread: Tensor) -> Tensor:
    r"""What a regulator's typical deviation does to each gene, shrunk towards the regulator's mean.

    .. math:: E_{ij} = \omega_i \left[ (1 - \rho) |A_{ij}| + \rho \, \overline{|A_{i \cdot}|} \right], \qquad
              \omega_i^2 = \frac{1}{N} \sum_{c \text{ counted}} (x_{ci} - m_i)^2

    :math:`A` is per standard deviation of the values that are counted. A gene that is expressed in few cells, or varies
    little, moves its targets less; :math:`\omega_i`, in units of log-normalised expression, says by how much.

    Parameters
    ----------
    weights
        :math:`A`, ``(R, G)``; zero for pairs that cannot be edges, which stay zero and do not count in the mean.
    spread
        :math:`\omega` of the regulators, ``(R,)``.
    """
    size = weights.abs()
    counts = size > 0
    level = size.sum(1) / counts.sum(1).clamp_min(1)
    shrunk = torch.lerp(size, level[:, None].expand_as(size), SHRINKAGE)
    return torch.where(counts, spread[:, None] * shrunk, 0)


def smooth_sizes(sizes: Tensor, features: Iterable[Tensor]) -> Tensor:
    r"""Sizes as far as what the regulators have in common explains them.

    The logarithms of every gene's column are replaced by their ridge regression on each set of features in turn,
    around the mean of all: regulators with like features have like effects on each gene. Fewer than
    ``MIN_REGULATORS`` have too little in common: their sizes are returned as they are.

    Parameters
    ----------
    sizes
        ``(R, G)``; zero for pairs that cannot be edges, which stay zero.
    features
        Matrices :math:`F` of one row per regulator, ``(R, d)``.
    """
    if len(sizes) < MIN_REGULATORS:
        return sizes
    counts = sizes > 0
    logs = torch.where(counts, sizes, 1).log()
    centre = logs.sum(dtype=torch.float64) / counts.sum().clamp_min(1)
    logs = torch.where(counts, logs - centre.to(logs), 0)
    for feature in features:
        logs = ridge_predictions(feature, logs)
    return torch.where(counts, (centre.to(logs) + logs).exp(), 0)
