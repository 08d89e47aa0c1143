"""Prior on the logits of the edge probabilities, given known interactions (InfoSEM-BC)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from infosem.module.priors._base import NormalDensity


class LabelDensity(NormalDensity):
    r"""Density of the logits of the observed pairs (Eqs. 12 and 13).

    .. math:: A_{l,ij} \sim N(\mathrm{logit}(y'_{ij}), s_l^2), \qquad y' = 0.95 \text{ or } 0.05,
              \qquad s_l^2 = \frac{P_{obs}}{\lambda M}

    for the :math:`P_{obs}` observed pairs, which are known edges and known non-edges. The prior of all other logits is
    flat.

    Parameters
    ----------
    pairs
        Regulator row and target column of the observed pairs, ``(2, P_obs)``.
    is_edge
        Whether each observed pair is a known edge, boolean ``(P_obs,)``.
    weight
        Weight :math:`\lambda` of the mean squared distance in the loss.
    """

    edge_probability = 0.95
    pairs: Tensor
    is_edge: Tensor

    def __init__(self, pairs: Tensor, is_edge: Tensor, *, weight: float) -> None:
        super().__init__(pairs.shape[1], weight=weight)
        self.register_buffer("pairs", pairs, persistent=False)
        self.register_buffer("is_edge", is_edge, persistent=False)

    def mode(self) -> Tensor:
        """Return the prior mode of the logit of each observed pair, ``(P_obs,)``."""
        logit = math.log(self.edge_probability / (1 - self.edge_probability))
        sign = 2 * self.is_edge.to(torch.get_default_dtype()) - 1
        return logit * sign

    def penalty(self, values: Tensor) -> Tensor:
        observed = values[self.pairs[0], self.pairs[1]]
        return self._weighted_mean((observed - self.mode().to(values.dtype)).square().sum())
