"""Gaussian likelihood of the expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from infosem.data._arguments import one_of
from infosem.data._settings import register
from infosem.module._normal_distribution import Normal
from infosem.module.likelihoods._base import Likelihood


@register
@dataclass(frozen=True, kw_only=True)
class Gaussian(Likelihood):
    r"""Gaussian likelihood of the standardised log expression, :math:`N(\mu_\theta(H), \sigma^2)` (Eq. 5).

    Parameters
    ----------
    variance
        ``"unit"`` sets the variance to one. ``"learned"`` lets the decoder return it, :math:`\sigma_\theta^2(H)`.
    mask_zeros
        See :class:`Likelihood`.
    """

    variance: Literal["unit", "learned"] = "unit"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._checked(variance=one_of("unit", "learned"))

    @property
    def n_outputs(self) -> int:
        """Number of values per entry that the decoder returns, which is two if the variance is learned."""
        return 2 if self.variance == "learned" else 1

    def distribution(self, mean: Tensor, *others: Tensor) -> Normal:
        """See :meth:`infosem.module.Likelihood.distribution`."""
        return Normal(mean, *others)
