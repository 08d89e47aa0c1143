"""Removal of measurement noise from the expression before it is encoded."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from infosem.statistics._covariation import MAX_PATTERNS, Covariation


class Denoiser(nn.Module):
    r"""Linear map from measured to latent expression, which removes measurement noise.

    .. math:: \tilde x_j = \frac{1}{s_j} \left( \lambda x_j + \sum_k (x V)_k\, g_k V_{jk} \right)

    A gene keeps the share :math:`\lambda` of its own variation that is not noise, and the patterns :math:`V` that many
    genes share (:mod:`infosem.statistics._covariation`). :math:`s_j` scales every gene to a variance of one. The map is
    the identity until :meth:`estimate` is called, and fixed afterwards.

    Parameters
    ----------
    n_genes
        Number :math:`G` of genes.
    """

    own_share: Tensor
    loadings: Tensor
    gains: Tensor
    sd: Tensor

    def __init__(self, n_genes: int) -> None:
        super().__init__()
        self.register_buffer("own_share", torch.ones(()))
        self.register_buffer("loadings", torch.zeros(n_genes, MAX_PATTERNS))
        self.register_buffer("gains", torch.zeros(MAX_PATTERNS))
        self.register_buffer("sd", torch.ones(n_genes))

    def estimate(self, covariation: Covariation) -> None:
        """Set the map from the covariation of the training cells."""
        n_patterns = len(covariation.gains)
        self.own_share.fill_(covariation.own_share)
        self.loadings.zero_()[:, :n_patterns] = torch.as_tensor(covariation.loadings)
        self.gains.zero_()[:n_patterns] = torch.as_tensor(covariation.gains)
        self.sd.copy_(torch.as_tensor(covariation.latent_sd))

    def forward(self, x: Tensor) -> Tensor:
        """Return the latent expression of standardised cells, ``(B, G)``."""
        patterns = (x @ self.loadings * self.gains) @ self.loadings.T
        return (self.own_share * x + patterns) / self.sd
