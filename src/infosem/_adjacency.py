"""The weighted adjacency of the regulators, full or as a product of an effect and an edge probability."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FullAdjacency(nn.Module):
    r"""A free weight for every pair of a regulator and a gene.

    Initialised at :math:`(c + U(0, 0.2)) / (R - 1)`, so that the regulators of every gene start with a total effect of
    about :math:`c`. With all genes as regulators and :math:`c = 1` it is DeepSEM's start, at which :math:`I - A` is
    nearly singular. Pairs that cannot be edges (a gene with itself, or a gene that does not vary) have weight zero and
    no gradient.

    Parameters
    ----------
    possible
        Which pairs can be edges, boolean ``(R, G)``.
    initial_effect
        :math:`c`.
    """

    possible: Tensor

    def __init__(self, possible: Tensor, *, initial_effect: float) -> None:
        super().__init__()
        self.register_buffer("possible", possible)
        effect = (initial_effect + 0.2 * torch.rand(possible.shape)) / (possible.shape[0] - 1)
        self.free_effect = nn.Parameter(effect)

    def effect(self) -> Tensor:
        """Effects :math:`A_e`, ``(R, G)``; here the adjacency itself."""
        return self.free_effect * self.possible

    def forward(self) -> Tensor:
        """The adjacency :math:`A`, ``(R, G)``."""
        return self.effect()


class ProductAdjacency(FullAdjacency):
    r"""An effect times the probability of the edge (Eq. 10), with low-rank logits.

    .. math:: A = A_e \odot \sigma(A_l), \qquad A_l = U V^T, \quad U \in \mathbb{R}^{R \times r},
              V \in \mathbb{R}^{G \times r}

    :math:`U` and :math:`V` start small and random, since zero is a saddle point, so that every probability starts near
    one half; :math:`A_e` starts at twice the value of :class:`FullAdjacency`, so that both start at the same :math:`A`.

    Parameters
    ----------
    possible
        Which pairs can be edges, boolean ``(R, G)``.
    initial_effect
        Total effect :math:`c` on every gene at the start, as in :class:`FullAdjacency`.
    rank
        Rank :math:`r` of the logits.
    """

    def __init__(self, possible: Tensor, *, initial_effect: float, rank: int) -> None:
        super().__init__(possible, initial_effect=2 * initial_effect)
        n_regulators, n_genes = possible.shape
        spread = 0.1 * rank**-0.25
        self.regulator_factors = nn.Parameter(spread * torch.randn(n_regulators, rank))
        self.target_factors = nn.Parameter(spread * torch.randn(n_genes, rank))

    def logits(self) -> Tensor:
        """Logits :math:`A_l` of the edge probabilities, ``(R, G)``."""
        return self.regulator_factors @ self.target_factors.T

    def probability(self) -> Tensor:
        r"""Edge probabilities :math:`\sigma(A_l)`, ``(R, G)``."""
        return torch.sigmoid(self.logits())

    def forward(self) -> Tensor:
        """The adjacency :math:`A`, ``(R, G)``."""
        return self.effect() * self.probability()
