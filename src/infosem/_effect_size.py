"""Weights that compare between regulators."""

from __future__ import annotations

import torch
from torch import Tensor

SHRINKAGE = 0.5
"""Weight of a regulator's mean against that of the edge itself, chosen on splits of training genes."""


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
