"""A Normal distribution per entry, by mean and log-variance, as the networks give it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Normal(NamedTuple):
    """Independent Normal distributions.

    Kept by log-variance, so that neither the KL divergence nor the density takes the logarithm of an exponential.

    Attributes
    ----------
    mean
        Means.
    log_variance
        Logarithms of the variances, of a shape that broadcasts to that of the means; ``None`` for variance one.
    """

    mean: Tensor
    log_variance: Tensor | None = None

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """One sample, differentiable in mean and log-variance; ``generator`` as in torch."""
        noise = torch.empty_like(self.mean).normal_(generator=generator)
        if self.log_variance is None:
            return self.mean + noise
        return torch.addcmul(self.mean, (0.5 * self.log_variance).exp(), noise)

    def deviance(self, x: Tensor) -> Tensor:
        r"""Minus twice the log density of ``x``, less :math:`\log 2\pi`, entry by entry."""
        squares = (x - self.mean).square()
        if self.log_variance is None:
            return squares
        return squares * (-self.log_variance).exp() + self.log_variance

    def kl_divergence(self, prior: Normal) -> Tensor:
        r"""Kullback-Leibler divergence :math:`\mathrm{KL}(q \,\|\, p)` to ``prior``, entry by entry."""
        assert self.log_variance is not None
        assert prior.log_variance is not None
        log_ratio = self.log_variance - prior.log_variance
        distance = (self.mean - prior.mean).square() * (-prior.log_variance).exp()
        return 0.5 * (log_ratio.exp() + distance - log_ratio - 1)
