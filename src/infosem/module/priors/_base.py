r"""What all priors have in common.

A prior has two faces. Its *settings*, an :class:`EffectPrior`, are what a user passes to the model. From them and the
genes :meth:`EffectPrior.build` makes its *density*, a torch module with two forms of the same thing.
:meth:`Density.penalty` is what training adds to a loss made of means over the :math:`M` counted entries of the
expression: a weight times a mean over the :math:`P` pairs that it speaks of. :meth:`Density.log_prob` is the
normalised log density in nats, the term of the ELBO. They differ by the factor :math:`-M/2` and by constants, which
ties each weight to a scale, :meth:`Density.scale`. Effects of pairs that cannot be edges are zero, and no prior counts
them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import partial
from typing import ClassVar

from torch import Tensor, nn

from infosem.data._arguments import number
from infosem.data._settings import Settings
from infosem.module._adjacency import FullAdjacency
from infosem.module._gene_data import GeneData

# bounds that no model needs numbers beyond, far within what single precision holds
weight_of_prior = partial(number, least=0, most=1e12)
standard_deviation = partial(number, least=1e-6, most=1e6)


class Density(nn.Module, ABC):
    """Density of the effects, or of the logits of the edges, under a prior.

    Its parameters are learned together with the effects, in steps of ``lr_coefficients``. What is fixed is a buffer
    that is not persistent: a loaded model makes it again.

    Parameters
    ----------
    n_pairs
        Number :math:`P` of pairs that the prior speaks of.
    weight
        Weight of the mean in the loss; zero switches the prior off (a flat prior).
    """

    def __init__(self, n_pairs: int, *, weight: float) -> None:
        super().__init__()
        self.n_pairs, self.weight = n_pairs, weight

    @abstractmethod
    def penalty(self, values: Tensor) -> Tensor:
        """Scalar penalty of ``values`` ``(R, G)``, in the units of a mean squared error."""

    @abstractmethod
    def scale(self, n_counted: int) -> float:
        """Scale of the density when the loss is a mean over ``n_counted`` entries of the expression."""

    @abstractmethod
    def log_normaliser_of_a_pair(self, n_counted: int) -> float:
        """Logarithm of the normalising constant of one pair's density."""

    def mean(self) -> Tensor | None:
        """Prior mean of the effects, ``(R, G)``; ``None`` where it is zero."""
        return None

    def coefficient_log_prob(self) -> Tensor | None:
        """Log density of the prior's own parameters, in nats; ``None`` where it has none."""
        return None

    def log_normaliser(self, n_counted: int) -> float:
        """Logarithm of the density's normalising constant, summed over the pairs; zero for a flat prior."""
        is_flat = self.weight == 0 or self.n_pairs == 0
        return 0.0 if is_flat else self.n_pairs * self.log_normaliser_of_a_pair(n_counted)

    def log_prob(self, values: Tensor, *, n_counted: int) -> Tensor:
        """Log density of ``values`` ``(R, G)`` in nats; zero for a flat prior."""
        return -0.5 * n_counted * self.penalty(values) - self.log_normaliser(n_counted)

    def _weighted_mean(self, total: Tensor) -> Tensor:
        return self.weight * total / max(self.n_pairs, 1)


class NormalDensity(Density):
    """A Normal of common standard deviation around a mean that subclasses give."""

    def scale(self, n_counted: int) -> float:
        """Standard deviation of the Normal density."""
        return math.sqrt(self.n_pairs / (self.weight * n_counted))

    def log_normaliser_of_a_pair(self, n_counted: int) -> float:
        return math.log(self.scale(n_counted)) + 0.5 * math.log(2 * math.pi)


class EffectPrior(Settings, ABC):
    """Settings of a prior of the effects. Subclasses are frozen dataclasses (see :func:`infosem.register`).

    Attributes
    ----------
    name
        What the prior is called in the network's record.
    needs_embeddings
        Whether it reads the genes' text embeddings.
    """

    name: ClassVar[str]
    needs_embeddings: ClassVar[bool] = False

    @abstractmethod
    def build(self, genes: GeneData, adjacency: FullAdjacency) -> Density:
        """Make the density of the effects.

        Parameters
        ----------
        genes
            What the model knows of the genes, as tensors.
        adjacency
            The adjacency as training starts: its ``shape``, the number ``n_pairs`` of pairs that can be edges, which
            pairs are ``possible()``, and the initial ``effects()``.
        """
