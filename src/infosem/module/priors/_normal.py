"""Normal prior of the effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from infosem.data._settings import register
from infosem.module._adjacency import FullAdjacency
from infosem.module._gene_data import GeneData
from infosem.module.priors._base import NormalDensity, WeightedPrior


@register
@dataclass(frozen=True, kw_only=True)
class NormalPrior(WeightedPrior):
    r"""Normal prior of the effects with mean zero, for known interactions without embeddings.

    .. math:: A_{e,ij} \sim N(0, s_a^2), \qquad s_a^2 = \frac{P}{\alpha M}

    Parameters
    ----------
    weight
        Weight :math:`\alpha` of the mean squared effect in the loss.
    """

    name: ClassVar[str] = "normal"

    def build(self, genes: GeneData, adjacency: FullAdjacency) -> CentredDensity:
        """See :meth:`EffectPrior.build`."""
        return CentredDensity(adjacency.n_pairs, weight=self.weight)


class CentredDensity(NormalDensity):
    r"""Density of :class:`NormalPrior`, with the penalty :math:`\alpha \, \overline{A_e^2}`.

    Parameters
    ----------
    n_pairs
        Number :math:`P` of pairs that can be edges.
    weight
        Weight :math:`\alpha` of the penalty.
    """

    def penalty(self, values: Tensor) -> Tensor:
        return self._weighted_mean(values.square().sum())
