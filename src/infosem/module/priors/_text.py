"""Prior of the effects given the genes' text embeddings (InfoSEM-B)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from infosem.data._arguments import standard_deviation, weight
from infosem.data._settings import register
from infosem.module._adjacency import FullAdjacency
from infosem.module._gene_data import GeneData
from infosem.module.priors._base import EffectPrior, NormalDensity

_WEIGHT, _OF_REGULATORS = 100.0, 400
"""Default weight, and the number of regulators it is for. The influence of the prior falls with the inverse square of
the number of regulators."""


@register
@dataclass(frozen=True, kw_only=True)
class TextPrior(EffectPrior):
    r"""Normal prior of the effects whose mean is a linear function of the text embeddings (Eqs. 9 and 11).

    .. math:: A_{e,ij} \mid w \sim N(c + u_i + v_j, s_a^2), \quad u = H_R w_1, \; v = H w_2, \quad
              w \sim N(0, s_w^2 I), \qquad s_a^2 = \frac{P}{\lambda M}

    Parameters
    ----------
    weight
        Weight :math:`\lambda` of the mean squared distance from the prior mean in the loss. The default is
        :math:`100 (R / 400)^2` for :math:`R` regulators. The paper tunes it around ``1e3`` with 400 regulators.
    coefficient_sd
        Prior standard deviation :math:`s_w` of the coefficients, in units of effect per unit of embedding norm.
    """

    name: ClassVar[str] = "embedding"
    needs_embeddings: ClassVar[bool] = True
    weight: float | None = None
    coefficient_sd: float = 1.0

    def __post_init__(self) -> None:
        if self.weight is not None:
            self._checked(weight=weight)
        self._checked(coefficient_sd=standard_deviation)

    def build(self, genes: GeneData, adjacency: FullAdjacency) -> TextDensity:
        """See :meth:`EffectPrior.build`."""
        assert genes.embeddings is not None
        default = _WEIGHT * (len(genes.regulators) / _OF_REGULATORS) ** 2
        return TextDensity(
            genes.embeddings,
            adjacency.impossible,
            genes.regulators,
            weight=default if self.weight is None else self.weight,
            coefficient_sd=self.coefficient_sd,
            intercept=adjacency.effects().detach().sum().item() / max(adjacency.n_pairs, 1),
        )


class TextDensity(NormalDensity):
    r"""Density of :class:`TextPrior`.

    The mean is :math:`[h_i, h_j] w` plus an intercept :math:`c`, and is computed in :math:`O((R + G) d)`. Embeddings
    are centred over the genes that have one and scaled to a mean squared norm of one. A gene without an embedding has
    a row of zeros and therefore the average effect. :math:`w` and :math:`c` are MAP estimates. The prior of :math:`c`
    is flat.

    Parameters
    ----------
    embeddings
        One row per gene, ``(G, d)``, from :func:`~infosem.statistics._centring.centre_embeddings`.
    impossible
        Regulator row and target column of the pairs that cannot be edges, ``(2, P_0)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    weight
        Weight :math:`\lambda` of the penalty.
    coefficient_sd
        Prior standard deviation :math:`s_w` of the coefficients.
    intercept
        Initial value of the intercept :math:`c`.
    """

    embeddings: Tensor
    impossible: Tensor
    regulators: Tensor

    def __init__(
        self,
        embeddings: Tensor,
        impossible: Tensor,
        regulators: Tensor,
        *,
        weight: float,
        coefficient_sd: float = 1.0,
        intercept: float = 0.0,
    ) -> None:
        super().__init__(len(regulators) * len(embeddings) - impossible.shape[1], weight=weight)
        self.coefficient_sd = coefficient_sd
        self.register_buffer("embeddings", embeddings, persistent=False)
        self.register_buffer("impossible", impossible, persistent=False)
        self.register_buffer("regulators", regulators, persistent=False)
        width = embeddings.shape[1]
        self.regulator_coefficients = nn.Parameter(torch.zeros(width))
        self.target_coefficients = nn.Parameter(torch.zeros(width))
        self.intercept = nn.Parameter(torch.tensor(float(intercept)))

    def levels(self) -> tuple[Tensor, Tensor]:
        """Return :math:`c + u_i` for each regulator, ``(R,)``, and :math:`v_j` for each gene, ``(G,)``."""
        by_regulator = self.intercept + self.embeddings[self.regulators] @ self.regulator_coefficients
        return by_regulator, self.embeddings @ self.target_coefficients

    def mean(self) -> Tensor:
        """Return the prior mean of the effects, ``(R, G)``."""
        by_regulator, by_target = self.levels()
        return by_regulator[:, None] + by_target

    def penalty(self, values: Tensor) -> Tensor:
        by_regulator, by_target = self.levels()
        row, column = self.impossible
        not_counted = (by_regulator[row] + by_target[column]).square().sum()
        distance = values - by_target - by_regulator[:, None]
        return self.weight * (distance.square().sum() - not_counted) / max(self.n_pairs, 1)

    def coefficient_log_prob(self) -> Tensor:
        """Return the log density of ``w`` under :math:`N(0, s_w^2 I)`, in nats."""
        coefficients = torch.cat([self.regulator_coefficients, self.target_coefficients])
        normaliser = len(coefficients) * (math.log(self.coefficient_sd) + 0.5 * math.log(2 * math.pi))
        return -0.5 * (coefficients / self.coefficient_sd).square().sum() - normaliser
