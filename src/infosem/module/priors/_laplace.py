"""Laplace prior of the effects, as in DeepSEM."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from infosem.data._settings import register
from infosem.module._adjacency import FullAdjacency
from infosem.module._gene_data import GeneData
from infosem.module.priors._base import Density, WeightedPrior


@register
@dataclass(frozen=True, kw_only=True)
class LaplacePrior(WeightedPrior):
    r"""Prior of sparse effects that uses no knowledge about the genes (Eq. 5).

    .. math:: A_{ij} \sim \mathrm{Laplace}(0, b), \qquad b = \frac{2P}{\alpha M}

    Parameters
    ----------
    weight
        Weight :math:`\alpha` of the mean absolute effect in the loss.
    """

    name: ClassVar[str] = "laplace"

    def build(self, genes: GeneData, adjacency: FullAdjacency) -> LaplaceDensity:
        """See :meth:`EffectPrior.build`."""
        return LaplaceDensity(adjacency.n_pairs, weight=self.weight)


class LaplaceDensity(Density):
    r"""Density of :class:`LaplacePrior`, with the penalty :math:`\alpha \, \overline{|A|}`.

    Parameters
    ----------
    n_pairs
        Number :math:`P` of pairs that can be edges.
    weight
        Weight :math:`\alpha` of the penalty.
    """

    def penalty(self, values: Tensor) -> Tensor:
        return self._weighted_mean(torch.linalg.vector_norm(values, 1))

    def scale(self, n_counted: int) -> float:
        """Return the scale :math:`b` of the Laplace density."""
        return 2 * self.n_pairs / (self.weight * n_counted)

    def log_normaliser_of_a_pair(self, n_counted: int) -> float:
        return math.log(2 * self.scale(n_counted))
