"""Negative binomial likelihood of counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from infosem.data._arguments import one_of
from infosem.data._expression import ExpressionSummary
from infosem.data._settings import register
from infosem.module._gene_data import GeneData
from infosem.module._standardiser import Cells, Standardiser
from infosem.module.likelihoods._base import Likelihood
from infosem.statistics._count_moments import CountMoments

_SHARPNESS = 10.0
_LEAST_LOGARITHM = 1e-4
"""Smallest expected log-normalised expression, so that the expected count is above zero."""
_SMALLEST_DISPERSION, _LARGEST_DISPERSION = 1e-3, 1e3


@register
@dataclass(frozen=True, kw_only=True)
class NegativeBinomial(Likelihood):
    r"""Negative binomial likelihood of counts, for data registered as counts.

    .. math::
        C_{cj} &\sim \mathrm{NB}\left(s_c \, \rho_{cj},\; \theta_j\right), \qquad
        \mathrm{Var}\, C = s \rho + \theta s^2 \rho^2 \\
        \rho_{cj} &= \bar \rho_j \, \frac{e^{y_{cj}^+} - 1}{e^{m_j^+} - 1}, \qquad
        y_{cj} = m_j + s_j \, \mu_\theta(H)_{cj}, \qquad
        y^+ = 10^{-4} + \tfrac{1}{10} \log(1 + e^{10 y})

    :math:`s_c` is the size factor of a cell, and :math:`y` the decoded expression in log-normalised units, where gene
    :math:`j` has the mean :math:`m_j` and the standard deviation :math:`s_j`. The mean :math:`\bar \rho_j` of its
    normalised counts takes the place of :math:`e^{m_j} - 1`, because a mean of logarithms is below the logarithm of the
    mean. The encoder and the closed-form estimates see the log-normalised counts, as with :class:`Gaussian`.

    A zero is a count like any other, so all entries count.

    The dispersion :math:`\theta_j` of each gene is computed from the mean and the variance of its normalised counts
    (``statistics/_count_moments.py``).

    Parameters
    ----------
    mask_zeros
        ``False``, which is what ``"auto"`` becomes.
    """

    needs_counts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._checked(mask_zeros=one_of("auto", False))
        object.__setattr__(self, "mask_zeros", False)

    def resolve(self, summary: ExpressionSummary) -> Self:
        """Return the same settings: zeros count."""
        return self

    def build(self, genes: GeneData, standardiser: Standardiser) -> nn.Module:
        """See :meth:`Likelihood.build`."""
        if genes.counts is None:
            raise ValueError(
                "NegativeBinomial() is a likelihood of counts, and the registered expression is log-normalised. "
                "Register the counts: InfoSEM.setup_anndata(adata, layer=...)."
            )
        return _CountOutput(genes.counts, standardiser)

    def distribution(self, mean: Tensor, *others: Tensor) -> CountDistribution:
        """Not available without the genes; see :meth:`build`."""
        raise TypeError("NegativeBinomial needs the genes: use NegativeBinomial().build(genes, standardiser).")

    def deviance(self, px: CountDistribution, cells: Cells) -> Tensor:  # type: ignore[override]
        """See :meth:`Likelihood.deviance`."""
        assert cells.size_factor is not None
        return px.deviance_of_counts(cells.registered, cells.size_factor, cells.location, cells.scale)


class CountDistribution(NamedTuple):
    r"""Independent negative binomial distributions of counts.

    Attributes
    ----------
    mean
        Decoded expression :math:`\mu_\theta(H)`, standardised, ``(..., G)``.
    log_level
        :math:`\log \bar \rho_j - \log (e^{m_j^+} - 1)`, ``(G,)``.
    log_dispersion
        :math:`\log \theta`, ``(G,)``.
    location, scale
        Mean and standard deviation of the log-normalised expression of each gene, ``(G,)``.
    """

    mean: Tensor
    log_level: Tensor
    log_dispersion: Tensor
    location: Tensor
    scale: Tensor

    def log_rate(self, location: Tensor, scale: Tensor) -> Tensor:
        r"""Return :math:`\log \rho`, logarithm of the expected count of a cell of size factor one, ``(..., G)``."""
        return self.log_level + _log_expm1(location + scale * self.mean)

    def deviance_of_counts(self, counts: Tensor, size_factor: Tensor, location: Tensor, scale: Tensor) -> Tensor:
        r"""Return :math:`-2 \log p(C) - \log 2\pi` of the counts of cells, ``(B, G)``, with size factors ``(B, 1)``.

        .. math:: \log p(C) = \log \frac{\Gamma(C + r)}{\Gamma(r)\, C!} + C \log \sigma(\eta) + r \log \sigma(-\eta),
                  \qquad r = \frac{1}{\theta}, \quad \eta = \log(s \rho \theta)

        Parameters
        ----------
        counts, size_factor
            Counts and size factors of the cells.
        location, scale
            Location and scale of the genes, given batch and covariates of the cells, ``(G,)`` or ``(B, G)``.
        """
        inverse = torch.exp(-self.log_dispersion)
        odds = self.log_rate(location, scale) + self.log_dispersion + size_factor.log()
        constant = torch.lgamma(counts + inverse) - torch.lgamma(inverse) - torch.lgamma(counts + 1)
        log_density = constant + counts * logsigmoid(odds) + inverse * logsigmoid(-odds)
        return -2 * log_density - math.log(2 * math.pi)

    def deviance(self, x: Tensor) -> Tensor:
        """Return the deviance of standardised expression, as that of counts of cells of size factor one."""
        counts = torch.expm1(x * self.scale + self.location).clamp_min(0)
        return self.deviance_of_counts(counts, torch.ones_like(counts[..., :1]), self.location, self.scale)

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw counts of cells of size factor one, and return them as standardised log-normalised expression."""
        rate = self.log_rate(self.location, self.scale).exp()
        inverse = torch.exp(-self.log_dispersion).expand_as(rate)
        gamma = torch._standard_gamma(inverse.contiguous(), generator=generator) / inverse
        counts = torch.poisson(gamma * rate, generator=generator)
        return (torch.log1p(counts) - self.location) / self.scale


class _CountOutput(nn.Module):
    """Expected counts of the genes, from the outputs of the decoder."""

    location: Tensor
    scale: Tensor
    log_level: Tensor
    log_dispersion: Tensor

    def __init__(self, counts: CountMoments, standardiser: Standardiser) -> None:
        super().__init__()
        self.register_buffer("location", standardiser.mean.clone())
        self.register_buffer("scale", standardiser.sd.clone())
        level = counts.mean.clamp_min(torch.finfo(torch.float32).tiny).log()
        self.register_buffer("log_level", (level - _log_expm1(standardiser.mean)).to(standardiser.mean))
        dispersion = counts.dispersion.clamp(_SMALLEST_DISPERSION, _LARGEST_DISPERSION)
        self.register_buffer("log_dispersion", dispersion.log().to(standardiser.mean))

    def forward(self, mean: Tensor) -> CountDistribution:
        return CountDistribution(mean, self.log_level, self.log_dispersion, self.location, self.scale)


def _log_expm1(y: Tensor) -> Tensor:
    r"""Return :math:`\log(e^{y^+} - 1)`, where :math:`y^+` is positive and nearly :math:`\max(y, 0)`."""
    positive = _LEAST_LOGARITHM + softplus(y, beta=_SHARPNESS)
    return positive + torch.log(-torch.expm1(-positive))
