r"""Priors of the adjacency, one class each.

Every prior gives two forms of the same thing. :meth:`Prior.penalty` is what training adds to a loss made of means over
the :math:`M` counted entries of the expression: a weight times a mean over the :math:`P` pairs it speaks of.
:meth:`Prior.log_prob` is the normalised log density in nats, the term of the ELBO. They differ by the factor
:math:`-M/2` and by constants, which ties each weight to a scale, :meth:`Prior.scale`. Effects of pairs that cannot be
edges are zero, and no prior counts them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Prior(nn.Module, ABC):
    """What all priors of the adjacency have in common.

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
    def _log_normaliser(self, n_counted: int) -> float:
        """Logarithm of the normalising constant of one pair's density."""

    def log_normaliser(self, n_counted: int) -> float:
        """Logarithm of the density's normalising constant, summed over the pairs; zero for a flat prior."""
        is_flat = self.weight == 0 or self.n_pairs == 0
        return 0.0 if is_flat else self.n_pairs * self._log_normaliser(n_counted)

    def log_prob(self, values: Tensor, *, n_counted: int) -> Tensor:
        """Log density of ``values`` ``(R, G)`` in nats; zero for a flat prior."""
        return -0.5 * n_counted * self.penalty(values) - self.log_normaliser(n_counted)

    def _mean(self, total: Tensor) -> Tensor:
        return self.weight * total / max(self.n_pairs, 1)


class LaplacePrior(Prior):
    r"""Sparse effects (Eq. 5).

    .. math:: A_{ij} \sim \mathrm{Laplace}(0, b), \qquad b = \frac{2P}{\alpha M},
              \qquad \text{penalty} = \alpha \, \overline{|A|}

    Parameters
    ----------
    n_pairs
        Number :math:`P` of pairs that can be edges.
    weight
        :math:`\alpha`.
    """

    def penalty(self, values: Tensor) -> Tensor:
        return self._mean(torch.linalg.vector_norm(values, 1))

    def scale(self, n_counted: int) -> float:
        """Scale :math:`b` of the Laplace density."""
        return 2 * self.n_pairs / (self.weight * n_counted)

    def _log_normaliser(self, n_counted: int) -> float:
        return math.log(2 * self.scale(n_counted))


class _NormalPrior(Prior):
    """A Normal of common standard deviation around a mean that subclasses give."""

    def scale(self, n_counted: int) -> float:
        """Standard deviation of the Normal density."""
        return math.sqrt(self.n_pairs / (self.weight * n_counted))

    def _log_normaliser(self, n_counted: int) -> float:
        return math.log(self.scale(n_counted)) + 0.5 * math.log(2 * math.pi)


class ShrinkagePrior(_NormalPrior):
    r"""Effects around zero, for known interactions without embeddings.

    .. math:: A_{e,ij} \sim N(0, s_a^2), \qquad s_a^2 = \frac{P}{\alpha M},
              \qquad \text{penalty} = \alpha \, \overline{A_e^2}

    Parameters
    ----------
    n_pairs
        Number :math:`P` of pairs that can be edges.
    weight
        :math:`\alpha`.
    """

    def penalty(self, values: Tensor) -> Tensor:
        return self._mean(values.square().sum())


class EmbeddingPrior(_NormalPrior):
    r"""Effects around a linear function of the genes' embeddings (Eqs. 9 and 11).

    .. math:: A_{e,ij} \mid w \sim N(c + u_i + v_j, s_a^2), \quad u = H_R w_1, \; v = H w_2, \quad
              w \sim N(0, s_w^2 I), \qquad s_a^2 = \frac{P}{\lambda M}

    which is :math:`[h_i, h_j] w` with an intercept :math:`c`, in :math:`O((R + G) d)`. Embeddings are centred over the
    genes that have one and brought to a mean squared norm of one; a gene without (a row of NaN) gets the centre, hence
    the average effect. :math:`w` and :math:`c` are MAP estimates; :math:`c` has a flat prior.

    Parameters
    ----------
    embeddings
        One row per gene, ``(G, d)``, from :func:`centre_embeddings`.
    impossible
        Regulator row and target column of the pairs that cannot be edges, ``(2, P_0)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    weight
        :math:`\lambda`.
    coefficient_sd
        :math:`s_w`, in units of effect per unit of embedding norm.
    intercept
        Starting value of :math:`c`.
    """

    embeddings: Tensor
    impossible: Tensor
    regulators: Tensor

    def __init__(
        self,
        embeddings: Tensor,
        impossible: Tensor,
        regulators: Tensor,
        *,
        weight: float,
        coefficient_sd: float = 1.0,
        intercept: float = 0.0,
    ) -> None:
        super().__init__(len(regulators) * len(embeddings) - impossible.shape[1], weight=weight)
        self.coefficient_sd = coefficient_sd
        self.register_buffer("embeddings", embeddings)
        self.register_buffer("impossible", impossible, persistent=False)
        self.register_buffer("regulators", regulators, persistent=False)
        width = embeddings.shape[1]
        self.regulator_coefficients = nn.Parameter(torch.zeros(width))
        self.target_coefficients = nn.Parameter(torch.zeros(width))
        self.intercept = nn.Parameter(torch.tensor(float(intercept)))

    def levels(self) -> tuple[Tensor, Tensor]:
        """:math:`c + u_i` of each regulator, ``(R,)``, and :math:`v_j` of each gene, ``(G,)``."""
        by_regulator = self.intercept + self.embeddings[self.regulators] @ self.regulator_coefficients
        return by_regulator, self.embeddings @ self.target_coefficients

    def mean(self) -> Tensor:
        """Prior mean of the effects, ``(R, G)``."""
        by_regulator, by_target = self.levels()
        return by_regulator[:, None] + by_target

    def penalty(self, values: Tensor) -> Tensor:
        by_regulator, by_target = self.levels()
        row, column = self.impossible
        not_counted = (by_regulator[row] + by_target[column]).square().sum()
        distance = values - by_target - by_regulator[:, None]
        return self.weight * (distance.square().sum() - not_counted) / max(self.n_pairs, 1)

    def coefficient_log_prob(self) -> Tensor:
        """Log density of ``w`` under :math:`N(0, s_w^2 I)`, in nats."""
        coefficients = torch.cat([self.regulator_coefficients, self.target_coefficients])
        normaliser = len(coefficients) * (math.log(self.coefficient_sd) + 0.5 * math.log(2 * math.pi))
        return -0.5 * (coefficients / self.coefficient_sd).square().sum() - normaliser


class InteractionPrior(_NormalPrior):
    r"""Known interactions as a prior on the logits of the edge probabilities (Eqs. 12 and 13).

    .. math:: A_{l,ij} \sim N(\mathrm{logit}(y'_{ij}), s_l^2), \qquad y' = 0.95 \text{ or } 0.05,
              \qquad s_l^2 = \frac{P_{obs}}{\lambda M}

    for the :math:`P_{obs}` observed pairs, known edges and known non-edges; a flat prior on the logit elsewhere.

    Parameters
    ----------
    pairs
        Regulator row and target column of the observed pairs, ``(2, P_obs)``.
    is_edge
        Whether each observed pair is a known edge, boolean ``(P_obs,)``.
    weight
        :math:`\lambda`.
    """

    edge_probability = 0.95
    pairs: Tensor
    is_edge: Tensor

    def __init__(self, pairs: Tensor, is_edge: Tensor, *, weight: float) -> None:
        super().__init__(pairs.shape[1], weight=weight)
        self.register_buffer("pairs", pairs)
        self.register_buffer("is_edge", is_edge)

    def mode(self) -> Tensor:
        """Prior mode of the logit of every observed pair, ``(P_obs,)``."""
        logit = math.log(self.edge_probability / (1 - self.edge_probability))
        sign = 2 * self.is_edge.to(torch.get_default_dtype()) - 1
        return logit * sign

    def penalty(self, values: Tensor) -> Tensor:
        observed = values[self.pairs[0], self.pairs[1]]
        return self._mean((observed - self.mode().to(values.dtype)).square().sum())


def centre_embeddings(embeddings: Tensor) -> Tensor:
    """Centre embeddings over the genes that have one and scale them to a mean squared norm of one.

    Rows of NaN (genes without an embedding) become zero, the centre.
    """
    present = ~embeddings.isnan().any(1)
    centred = torch.where(present[:, None], embeddings - embeddings[present].mean(0), 0.0)
    norm = centred[present].square().sum(1).mean().sqrt()
    return centred / norm if norm > 0 else centred
