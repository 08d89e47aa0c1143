"""Independent normal distributions with the mean and log-variance that the networks return."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Normal(NamedTuple):
    """Independent normal distributions, parametrised by mean and log-variance.

    With the log-variance, neither the KL divergence nor the density has to take the logarithm of an exponential.

    Attributes
    ----------
    mean
        Means.
    log_variance
        Logarithms of the variances, in a shape that broadcasts to the shape of the means. ``None`` means variance one.
    """

    mean: Tensor
    log_variance: Tensor | None = None

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw one sample, differentiable in mean and log-variance, with a torch generator."""
        noise = torch.empty_like(self.mean).normal_(generator=generator)
        if self.log_variance is None:
            return self.mean + noise
        return torch.addcmul(self.mean, (0.5 * self.log_variance).exp(), noise)

    def deviance(self, x: Tensor) -> Tensor:
        r"""Return :math:`-2 \log p(x) - \log 2\pi` for each entry of ``x``."""
        squares = (x - self.mean).square()
        if self.log_variance is None:
            return squares
        return squares * (-self.log_variance).exp() + self.log_variance

    def kl_divergence(self, prior: Normal) -> Tensor:
        r"""Return the Kullback-Leibler divergence :math:`\mathrm{KL}(q \,\|\, p)` from ``prior`` for each entry."""
        assert self.log_variance is not None
        assert prior.log_variance is not None
        log_ratio = self.log_variance - prior.log_variance
        distance = (self.mean - prior.mean).square() * (-prior.log_variance).exp()
        return 0.5 * (log_ratio.exp() + distance - log_ratio - 1)
