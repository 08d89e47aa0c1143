"""What all likelihoods have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Literal, Protocol, Self

import torch
from torch import Tensor

from infosem.data._arguments import one_of
from infosem.data._expression import ExpressionSummary, Standardisation
from infosem.data._settings import Settings


class Distribution(Protocol):
    """Independent distributions of the entries of a tensor."""

    @property
    def mean(self) -> Tensor:
        """Expected values."""

    def deviance(self, x: Tensor) -> Tensor:
        r"""Minus twice the log density of ``x``, less :math:`\log 2\pi`, entry by entry."""

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """One sample; ``generator`` as in torch."""


@dataclass(frozen=True, kw_only=True)
class Likelihood(Settings, ABC):
    """Settings of a likelihood: how each gene is scaled, which entries count, and how they are distributed.

    Subclasses are frozen dataclasses (see :func:`infosem.register`).

    Parameters
    ----------
    mask_zeros
        Whether zeros are dropouts that the likelihood leaves out; each gene is standardised by its other values then.
        ``"auto"`` counts zeros where those of two genes depend on each other, so that a zero tells something, and
        leaves them out where values are lost at random.
    """

    mask_zeros: bool | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        self._checked(mask_zeros=one_of("auto", True, False))

    @property
    def n_outputs(self) -> int:
        """Number of values that the decoder gives for every entry: the mean, and what else the distribution needs."""
        return 1

    @abstractmethod
    def distribution(self, mean: Tensor, *others: Tensor) -> Distribution:
        """Distribution of the standardised expression.

        Parameters
        ----------
        mean
            Expected standardised expression, cells x genes.
        *others
            The other ``n_outputs - 1`` outputs of the decoder, each cells x genes, unbounded.
        """

    def resolve(self, summary: ExpressionSummary) -> Self:
        """Decide by the data whether zeros are left out, where that is ``"auto"``."""
        if self.mask_zeros != "auto":
            return self
        return replace(self, mask_zeros=not summary.zeros_go_together)

    def standardisation(self, summary: ExpressionSummary) -> Standardisation:
        """Location and scale of every gene, by the entries that count."""
        return summary.nonzero_values if self.mask_zeros else summary.all_values

    def counted(self, x: Tensor) -> Tensor:
        """Which entries of the raw expression, cells x genes, count."""
        return x != 0 if self.mask_zeros else torch.ones_like(x, dtype=torch.bool)
