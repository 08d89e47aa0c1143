"""Priors of the latent noise."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from infosem.data._arguments import standard_deviation, weight
from infosem.data._settings import Settings, register
from infosem.module._normal_distribution import Normal
from infosem.module._sem import remove_effects


@dataclass(frozen=True, kw_only=True)
class LatentPrior(Settings, ABC):
    r"""Base class of settings of the prior of the latent noise.

    Parameters
    ----------
    kl_weight
        Weight :math:`\beta` of the KL divergence in the loss.
    """

    kl_weight: float = 0.01

    def __post_init__(self) -> None:
        self._checked(kl_weight=weight)

    @abstractmethod
    def build(self, n_genes: int) -> nn.Module:
        """Build the module that returns the prior of the latent noise under an adjacency, a :class:`Normal` ``(G,)``.

        Parameters
        ----------
        n_genes
            Number of genes.
        """


@register
@dataclass(frozen=True, kw_only=True)
class LearnedLatent(LatentPrior):
    r"""Prior of the latent noise with a learned mean and variance for each gene.

    .. math:: p(Z) = N\left(m_p (I - A),\; e^{l_p (I - A)}\right)
    """

    def build(self, n_genes: int) -> nn.Module:
        """See :meth:`LatentPrior.build`."""
        return _Learned(n_genes)


@register
@dataclass(frozen=True, kw_only=True)
class FixedLatent(LatentPrior):
    r"""Fixed prior of the latent noise, :math:`N(0, s_z^2)` for all genes.

    Parameters
    ----------
    sd
        Standard deviation :math:`s_z`.
    kl_weight
        See :class:`LatentPrior`.
    """

    sd: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._checked(sd=standard_deviation)

    def build(self, n_genes: int) -> nn.Module:
        """See :meth:`LatentPrior.build`."""
        return _Fixed(n_genes, self.sd)


class _Learned(nn.Module):
    def __init__(self, n_genes: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(n_genes))
        self.log_variance = nn.Parameter(torch.zeros(n_genes))

    def forward(self, weights: Tensor, regulators: Tensor) -> Normal:
        parameters = torch.stack([self.mean, self.log_variance])
        return Normal(*remove_effects(parameters, weights, regulators))


class _Fixed(nn.Module):
    def __init__(self, n_genes: int, sd: float) -> None:
        super().__init__()
        self.n_genes, self.sd = n_genes, sd

    def forward(self, weights: Tensor, regulators: Tensor) -> Normal:
        mean = weights.new_zeros(self.n_genes)
        return Normal(mean, torch.full_like(mean, 2 * math.log(self.sd)))
