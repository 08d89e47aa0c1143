"""Base class of the likelihoods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Protocol, Self

import torch
from torch import Tensor, nn

from infosem.data._arguments import one_of
from infosem.data._expression import ExpressionSummary
from infosem.data._settings import Settings
from infosem.module._gene_data import GeneData
from infosem.module._standardiser import Cells, Standardiser


class Distribution(Protocol):
    """Protocol of independent distributions of the entries of a tensor."""

    @property
    def mean(self) -> Tensor:
        """Expected values."""

    def deviance(self, x: Tensor) -> Tensor:
        r"""Return :math:`-2 \log p(x) - \log 2\pi` for each entry of ``x``."""

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw one sample with a torch generator."""


@dataclass(frozen=True, kw_only=True)
class Likelihood(Settings, ABC):
    """Base class of settings of a likelihood.

    A likelihood determines how each gene is standardised, which entries count, and how they are distributed. Subclasses
    are frozen dataclasses (see :func:`infosem.register`).

    Parameters
    ----------
    mask_zeros
        Whether zeros are treated as dropouts. If true, each gene is standardised by its non-zero values, and only these
        count in the likelihood. ``"auto"`` decides by the data: zeros count if the zeros of two genes depend on each
        other, because then a zero carries information. They are left out if values are lost at random.

    Attributes
    ----------
    needs_counts
        Whether the registered expression must be counts.
    """

    needs_counts: ClassVar[bool] = False

    mask_zeros: bool | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        self._checked(mask_zeros=one_of("auto", True, False))

    @property
    def n_outputs(self) -> int:
        """Number of values per entry that the decoder returns, which are the mean and other parameters."""
        return 1

    @abstractmethod
    def distribution(self, mean: Tensor, *others: Tensor) -> Distribution:
        """Return the distribution of the standardised expression.

        Parameters
        ----------
        mean
            Expected standardised expression, cells x genes.
        *others
            The other ``n_outputs - 1`` outputs of the decoder, each cells x genes. They are unbounded.
        """

    def build(self, genes: GeneData, standardiser: Standardiser) -> nn.Module:
        """Build the module that returns the distribution of the expression, given the outputs of the decoder.

        By default it calls :meth:`distribution`. A likelihood with parameters or data of each gene returns its own.

        Parameters
        ----------
        genes
            Data about the genes.
        standardiser
            Standardisation of the cells.
        """
        return _Output(self)

    def deviance(self, px: Distribution, cells: Cells) -> Tensor:
        r"""Return :math:`-2 \log p(x) - \log 2\pi` for each entry, by default of the standardised expression.

        Parameters
        ----------
        px
            Distribution of the expression.
        cells
            Observed cells.
        """
        return px.deviance(cells.standardised())

    def resolve(self, summary: ExpressionSummary) -> Self:
        """Return the same settings with ``mask_zeros="auto"`` replaced by what the data suggest."""
        if self.mask_zeros != "auto":
            return self
        return replace(self, mask_zeros=not summary.zeros_go_together)

    def counted(self, x: Tensor) -> Tensor:
        """Return which entries of the expression count, boolean, cells x genes.

        Parameters
        ----------
        x
            Log-normalised expression, cells x genes.
        """
        return x != 0 if self.mask_zeros else torch.ones_like(x, dtype=torch.bool)


class _Output(nn.Module):
    """Distribution of the standardised expression, which has no parameters of its own."""

    def __init__(self, likelihood: Likelihood) -> None:
        super().__init__()
        self.likelihood = likelihood

    def forward(self, mean: Tensor, *others: Tensor) -> Distribution:
        return self.likelihood.distribution(mean, *others)
