r"""Base classes of the priors.

A prior consists of two classes. The *settings*, an :class:`EffectPrior`, hold what the user chooses. Their method
:meth:`EffectPrior.build` makes the *density*, a torch module, once the genes are known.

The density gives two forms of the same prior. :meth:`Density.penalty` is the term of the training loss, a weight times
a mean over the :math:`P` pairs that the prior covers. :meth:`Density.log_prob` is the normalised log density in nats,
the term of the ELBO. The two differ by the factor :math:`-M/2` and by constants, for :math:`M` counted entries of the
expression. Each weight therefore corresponds to a scale, :meth:`Density.scale`. Pairs that cannot be edges have the
effect zero, and a prior does not count them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from infosem.data._arguments import weight
from infosem.data._settings import Settings
from infosem.module._adjacency import FullAdjacency
from infosem.module._gene_data import GeneData


class Density(nn.Module, ABC):
    """Base class of the density of the effects, or of the logits of the edges.

    Parameters of the module are learned together with the effects, with the step size ``lr_coefficients``. Everything
    that is fixed is a buffer with ``persistent=False``, which a loaded model makes again.

    Parameters
    ----------
    n_pairs
        Number :math:`P` of pairs that the prior covers.
    weight
        Weight of the mean penalty in the loss. Zero makes the prior flat.
    """

    def __init__(self, n_pairs: int, *, weight: float) -> None:
        super().__init__()
        self.n_pairs, self.weight = n_pairs, weight

    @abstractmethod
    def penalty(self, values: Tensor) -> Tensor:
        """Return the scalar penalty of ``values``, ``(R, G)``, in the units of a mean squared error."""

    @abstractmethod
    def scale(self, n_counted: int) -> float:
        """Return the scale of the density if the loss is a mean over ``n_counted`` entries of the expression."""

    @abstractmethod
    def log_normaliser_of_a_pair(self, n_counted: int) -> float:
        """Return the logarithm of the normalising constant for one pair."""

    def mean(self) -> Tensor | None:
        """Return the prior mean of the effects, ``(R, G)``, or ``None`` if it is zero."""
        return None

    def coefficient_log_prob(self) -> Tensor | None:
        """Return the log density of the prior's own parameters, in nats, or ``None`` if it has none."""
        return None

    def log_normaliser(self, n_counted: int) -> float:
        """Return the logarithm of the normalising constant for all pairs. It is zero for a flat prior."""
        is_flat = self.weight == 0 or self.n_pairs == 0
        return 0.0 if is_flat else self.n_pairs * self.log_normaliser_of_a_pair(n_counted)

    def log_prob(self, values: Tensor, *, n_counted: int) -> Tensor:
        """Return the log density of ``values``, ``(R, G)``, in nats. It is zero for a flat prior."""
        return -0.5 * n_counted * self.penalty(values) - self.log_normaliser(n_counted)

    def _weighted_mean(self, total: Tensor) -> Tensor:
        return self.weight * total / max(self.n_pairs, 1)


class NormalDensity(Density):
    """Base class of normal densities with a common standard deviation, around a mean that subclasses define."""

    def scale(self, n_counted: int) -> float:
        """Return the standard deviation."""
        return math.sqrt(self.n_pairs / (self.weight * n_counted))

    def log_normaliser_of_a_pair(self, n_counted: int) -> float:
        return math.log(self.scale(n_counted)) + 0.5 * math.log(2 * math.pi)


class EffectPrior(Settings, ABC):
    """Base class of settings of a prior of the effects.

    Subclasses are frozen dataclasses (see :func:`infosem.register`).

    Attributes
    ----------
    name
        Name of the prior in the record that is saved with the network.
    needs_embeddings
        Whether the prior needs text embeddings of the genes.
    """

    name: ClassVar[str]
    needs_embeddings: ClassVar[bool] = False

    @abstractmethod
    def build(self, genes: GeneData, adjacency: FullAdjacency) -> Density:
        """Build the density of the effects.

        Parameters
        ----------
        genes
            Data about the genes, as tensors.
        adjacency
            Adjacency at the start of training. It has a ``shape``, the number ``n_pairs`` of pairs that can be edges,
            a mask of these pairs, ``possible()``, and the initial ``effects()``.
        """


@dataclass(frozen=True, kw_only=True)
class WeightedPrior(EffectPrior):
    """Base class of priors whose only setting is the weight of a mean in the loss.

    Parameters
    ----------
    weight
        Weight of the mean over all pairs that can be edges.
    """

    weight: float = 1.0

    def __post_init__(self) -> None:
        self._checked(weight=weight)
