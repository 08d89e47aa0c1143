"""Weighted adjacency of the regulators: one free weight per pair, or an effect times an edge probability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from infosem.data._arguments import weight, whole_number
from infosem.data._settings import Settings, register


class Adjacency(NamedTuple):
    """Adjacency matrix and its factors, regulators x genes.

    Attributes
    ----------
    weights
        Edge weights :math:`A`, ``(R, G)``.
    effects
        Effects :math:`A_e`, ``(R, G)``. They equal :math:`A` if there are no edge probabilities.
    logits
        Logits :math:`A_l` of the edge probabilities, ``(R, G)``, or ``None`` if there are none.
    """

    weights: Tensor
    effects: Tensor
    logits: Tensor | None = None


class FullAdjacency(nn.Module):
    r"""Adjacency with one free weight for each pair of a regulator and a gene.

    Weights are initialised at :math:`(c + U(0, 0.2)) / (R - 1)`, so that the regulators of each gene start with a total
    effect of about :math:`c`. DeepSEM starts at :math:`c = 1` with all genes as regulators, where :math:`I - A` is
    nearly singular. Pairs that cannot be edges (a gene with itself, or with a gene that is constant over the cells)
    have weight zero and receive no gradient.

    Parameters
    ----------
    shape
        Number of regulators and of genes.
    impossible
        Regulator row and target column of the pairs that cannot be edges, ``(2, P_0)``.
    initial_effect
        Initial total effect :math:`c` on each gene.
    generator
        Torch generator for the initial weights.
    """

    impossible: Tensor

    def __init__(
        self,
        shape: tuple[int, int],
        impossible: Tensor,
        *,
        initial_effect: float,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("impossible", impossible, persistent=False)
        self.shape = shape
        self.n_pairs = math.prod(shape) - impossible.shape[1]
        effects = initial_effect + 0.2 * torch.rand(shape, generator=generator, dtype=torch.float32)
        self.free_effect = nn.Parameter(effects / (shape[0] - 1))

    def possible(self) -> Tensor:
        """Return which pairs can be edges, boolean ``(R, G)``."""
        possible = torch.ones(self.free_effect.shape, dtype=torch.bool, device=self.impossible.device)
        possible[tuple(self.impossible)] = False
        return possible

    @torch.no_grad()
    def start_from(self, weights: Tensor) -> None:
        """Start training at the adjacency ``weights``, ``(R, G)``."""
        self.free_effect.copy_(weights)

    def forward(self) -> Adjacency:
        """Return the adjacency as a named tuple of ``weights``, ``effects`` and ``logits``."""
        effects = self.effects()
        return Adjacency(effects, effects)

    def effects(self) -> Tensor:
        """Return the effects :math:`A_e`, ``(R, G)``, which are the adjacency itself if there are no probabilities."""
        rows, columns = self.impossible
        return self.free_effect.index_put((rows, columns), self.free_effect.new_zeros(()))


@register
@dataclass(frozen=True, kw_only=True)
class LowRankEdges(Settings):
    r"""Low-rank edge probabilities that are a factor of the adjacency (Eqs. 10-13 and 15).

    .. math:: A = A_e \odot \sigma(UV^T), \qquad (UV^T)_{ij} \sim N(\pm\mathrm{logit}\,0.95, s_l^2), \qquad
              s_l^2 = \frac{P_{obs}}{\lambda_l M}

    where :math:`P_{obs}` is the number of observed pairs. The prior is flat for pairs without labels.

    Parameters
    ----------
    rank
        Rank of the logits.
    weight
        Weight :math:`\lambda_l` of the known interactions. A larger weight gives the labels a higher precision.
    """

    rank: int = 128
    weight: float = 0.1

    def __post_init__(self) -> None:
        self._checked(rank=partial(whole_number, least=1), weight=weight)


class ProductAdjacency(FullAdjacency):
    r"""Adjacency whose weights are effects times edge probabilities with low-rank logits (Eq. 10).

    .. math:: A = A_e \odot \sigma(A_l), \qquad A_l = U V^T, \quad U \in \mathbb{R}^{R \times r},
              V \in \mathbb{R}^{G \times r}

    :math:`U` and :math:`V` are initialised with small random values, because zero is a saddle point. Every probability
    therefore starts near one half. :math:`A_e` starts at twice the value of :class:`FullAdjacency`, so that both
    classes start at the same :math:`A`.

    Parameters
    ----------
    shape, impossible, initial_effect, generator
        As in :class:`FullAdjacency`.
    rank
        Rank :math:`r` of the logits.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        impossible: Tensor,
        *,
        initial_effect: float,
        rank: int,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(shape, impossible, initial_effect=2 * initial_effect, generator=generator)
        n_regulators, n_genes = shape
        spread = 0.1 * rank**-0.25
        of_regulators, of_targets = (
            spread * torch.randn(n, rank, generator=generator, dtype=torch.float32) for n in (n_regulators, n_genes)
        )
        self.regulator_factors, self.target_factors = nn.Parameter(of_regulators), nn.Parameter(of_targets)

    @torch.no_grad()
    def start_from(self, weights: Tensor) -> None:
        """Start training at the adjacency ``weights``, ``(R, G)``."""
        self.free_effect.copy_(weights / torch.sigmoid(self.logits()).to(weights))

    def forward(self) -> Adjacency:
        """Return the adjacency as a named tuple of ``weights``, ``effects`` and ``logits``."""
        effects, logits = self.effects(), self.logits()
        return Adjacency(effects * torch.sigmoid(logits), effects, logits)

    def logits(self) -> Tensor:
        """Return the logits :math:`A_l` of the edge probabilities, ``(R, G)``."""
        return self.regulator_factors @ self.target_factors.T
