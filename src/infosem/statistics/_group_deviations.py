r"""Networks of groups of cells that share what they have in common.

The effects :math:`b_g` of all groups are estimated together (:mod:`infosem.statistics._group_effects`). The
correlations of a group are pooled too. With :math:`P_g = S_g b_g` the correlations that the effects explain, and with
means over the cells of all groups :math:`\bar S, \bar P`,

.. math:: r_g = \bar S + (P_g - \bar P) + \rho_g \left[ (S_g - \bar S) - (P_g - \bar P) \right], \qquad
          \rho_g = \frac{\sigma_g^2}{\sigma_g^2 + q_g\, (1 / n_g - 1 / N)}

where :math:`\sigma_g^2` is the variance of the term in brackets beyond its sampling variance, :math:`q_g\, (1 / n_g - 1
/ N)`, and :math:`q_g` the excess of that variance over that of normal values
(:class:`infosem.statistics._group_moments.GroupMoments`). A few cells of another type, or doublets, therefore make no
differences between groups.

The effects :math:`A` of all cells are a second estimate of what the groups share. The mean of both estimates is taken,

.. math:: A_g = b_g + \frac{\kappa\, (A - \bar b)}{2 (1 + d)}, \qquad
          e_g = e(r_g) + \frac{\kappa\, (e - e(\bar r))}{2 (1 + d)}

as far as effects are shared: :math:`\kappa` is the share of a group's effects that are. The same holds for the evidence
:math:`e` of the association. The second estimate counts less the more the groups' means distort it. :math:`d` is the
mean squared covariance that they add, in units of its sampling variance.

The differences between the groups' means can be informative, too. Where a group does not differ, its network is
therefore a mean of its own and of that of all cells,

.. math:: A_g \leftarrow \omega A_g + (1 - \omega) A, \qquad \omega = 1 - (1 - p_{g,ij})\, p\, \frac{d}{1 + d}

and likewise its evidence. :math:`p` is the probability that the network partly causes the differences between the means
(:func:`infosem.statistics._group_moments._means_inform`), and :math:`p_{g,ij}` that the group differs from all cells
(:meth:`infosem.statistics._group_effects.States.differs`). Two or three groups cannot tell, and :math:`p` is then about
a third or less. The shared network is the mean of the groups' networks over the cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from infosem.data._correlation import signs_beyond_noise
from infosem.statistics._covariation import Covariation
from infosem.statistics._group_effects import States, group_effects
from infosem.statistics._group_moments import GroupMoments, measure_moments
from infosem.statistics._group_prior import GroupPrior
from infosem.statistics._second_moments import Blocks, reliability
from infosem.statistics._surprisal import against_background, approximate_surprisal


@dataclass(frozen=True)
class GroupNetworks:
    r"""Networks of :math:`K` groups.

    Attributes
    ----------
    n_cells
        Number of cells of each group, ``(K,)``.
    effects
        Direct effects in each group, in standard deviations within groups, float32 ``(K, R, G)``.
    association
        Evidence for the association of two genes in each group, in nats, float32 ``(K, R, G)``.
    signs
        Sign of the correlation in each group, int8 ``(K, R, G)``. It is zero within noise.
    states
        Probabilities from which :func:`differing` finds differences.
    prior
        Estimated prior, which says how much the groups share.
    own_weight
        Weight :math:`\omega` of a group's own network against that of all cells, where they do not differ.
    """

    n_cells: np.ndarray
    effects: np.ndarray
    association: np.ndarray
    signs: np.ndarray
    states: States
    prior: GroupPrior
    own_weight: float


@dataclass(frozen=True)
class SharedNetwork:
    """Mean of the groups' networks over the cells.

    Attributes
    ----------
    effects, association, signs
        As in :class:`GroupNetworks`, ``(R, G)``.
    """

    effects: np.ndarray
    association: np.ndarray
    signs: np.ndarray


def measure_groups(
    blocks: Blocks,
    groups: np.ndarray,
    n_groups: int,
    regulators: np.ndarray,
    possible: np.ndarray,
    shared: Covariation,
    effects: np.ndarray,
    measured_effects: np.ndarray,
    batches: np.ndarray | None = None,
) -> tuple[GroupNetworks, SharedNetwork]:
    """Estimate the networks of two or more groups of cells, and their mean, in two passes over the cells.

    Parameters
    ----------
    blocks
        Standardised expression with a variance of one. Entries that are not counted are zero.
    groups
        Group of each cell, from zero, ``(N,)``. Cells of group -1 are left out.
    n_groups
        Number of groups, some of which may have no cells.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    shared
        Covariation of all cells.
    effects
        Effects of the network of all cells, ``(R, G)``.
    measured_effects
        Effects estimated from the measured correlations of all cells, ``(R, G)``, from which the groups start.
    batches
        Batch of each cell, from zero, ``(N,)``.
    """
    moments = measure_moments(blocks, groups, n_groups, regulators, possible, shared.loadings, batches)
    start = measured_effects * moments.sd[regulators][:, None] / moments.sd
    found, states, prior = group_effects(moments, regulators, possible, start)
    evidence = _Evidence(moments, regulators, possible, shared)
    second = np.float32(prior.kept_share / (2 * (1 + moments.distortion)))
    own = 1 - moments.means_inform * moments.distortion / (1 + moments.distortion)

    def signs_of(correlation: np.ndarray, n_observations: float) -> np.ndarray:
        n = 1 / (own**2 / n_observations + (1 - own**2) / moments.n_cells.sum())
        return signs_beyond_noise(own * correlation + (1 - own) * shared.all, int(n))

    mean = _mean_correlation(moments, regulators)
    of_all = second * (shared.association - evidence(mean))
    association = np.empty_like(found)
    signs = np.empty(found.shape, dtype=np.int8)
    for group, (correlation, n_observations) in enumerate(_correlations(moments, mean, regulators, possible, found)):
        signs[group] = signs_of(correlation, n_observations)
        association[group] = evidence(correlation) + of_all
    found += second * (effects - moments.mean(found))
    for group in range(n_groups):
        of_everyone = np.float32(1 - own) * (1 - states.differs(group))
        association[group] += of_everyone * (shared.association - association[group])
        found[group] += of_everyone * (effects - found[group])
    return (
        GroupNetworks(moments.n_cells, found, association, signs, states, prior, own),
        SharedNetwork(moments.mean(found), moments.mean(association), signs_of(mean, moments.n_cells.sum())),
    )


def differing(states: States, first: int, second: int, regulators: np.ndarray) -> np.ndarray:
    r"""Compute the probability that one of two groups has a large direct effect that the other does not have.

    .. math:: p = P(|c| > \sqrt{v}) \left[ l_1 (1 - l_2) k_2 + l_2 (1 - l_1) k_1 \right]
              + P(c = 0) \left[ g_1 (1 - g_2) k_2 + g_2 (1 - g_1) k_1 + g_1 g_2 \right]

    :math:`l` is the probability that a group lacks a shared effect :math:`c`, and :math:`g` that it has a large one
    that is not shared. :math:`k = v / (v + t)` is what the cells of the other group tell of the effect: a group of a
    few cells, which tells nothing, differs from no other group. Effects are large if they exceed the standard deviation
    :math:`\sqrt{v}` of shared effects. Smaller differences can be due to measurement noise of the regulators and to
    responses that are not linear.
    Two regulators have two pairs, one for each direction. The difference of their correlation tells little of the
    direction, so the two pairs share it in proportion to their odds.

    Parameters
    ----------
    states
        Posterior probabilities of the states.
    first, second
        The two groups.
    regulators
        Column of each regulator among the genes, ``(R,)``.

    Returns
    -------
    Probability, float32 ``(R, G)``.
    """
    lost, gained, known = (
        [part[group].astype(np.float32) for group in (first, second)]
        for part in (states.lost, states.gained, states.informed)
    )

    def only_one(probability: list[np.ndarray]) -> np.ndarray:
        one, other = probability
        return one * (1 - other) * known[1] + other * (1 - one) * known[0]

    shared = states.shared.astype(np.float32)
    p = shared * states.large * only_one(lost) + (1 - shared) * (only_one(gained) + gained[0] * gained[1])
    among = p[:, regulators]
    odds = among / np.maximum(1 - among, 1e-6)
    p[:, regulators] = among * odds / np.maximum(odds + odds.T, 1e-30)
    return np.asarray(p)


def q_values(probability: np.ndarray, possible: np.ndarray) -> np.ndarray:
    r"""Compute the false discovery rate among all pairs that are at least as probable.

    .. math:: q_{ij} = \operatorname{mean}\{1 - p_{kl}: p_{kl} \geq p_{ij}\}

    Parameters
    ----------
    probability
        Probability of a difference, ``(R, G)``.
    possible
        Pairs that can be edges, boolean ``(R, G)``.

    Returns
    -------
    q values, float32 ``(R, G)``, which are one for pairs that cannot be edges.
    """
    q = np.ones(probability.shape, dtype=np.float32)
    p = probability[possible].astype(np.float64)
    order = np.argsort(-p, kind="stable")
    rate = np.cumsum(1 - p[order]) / np.arange(1, len(p) + 1)
    # ties get the rate of the last of them
    last = np.searchsorted(-p[order], -p, side="right") - 1
    q[possible] = rate[last]
    return q


def _mean_correlation(moments: GroupMoments, regulators: np.ndarray) -> np.ndarray:
    """Return the mean of the groups' correlations over the cells, ``(R, G)``."""
    mean = np.zeros_like(moments.covariance[0])
    for group, share in enumerate(moments.shares.astype(np.float32)):
        mean += share * moments.covariance[group] * moments.scales(group, regulators)
    return mean


def _correlations(
    moments: GroupMoments, mean: np.ndarray, regulators: np.ndarray, possible: np.ndarray, effects: np.ndarray
) -> Iterator[tuple[np.ndarray, float]]:
    """Iterate over the pooled correlations of the groups, ``(R, G)``, and their numbers of observations."""

    def explained(group: int) -> np.ndarray:
        fit = moments.covariance[group][:, regulators] @ effects[group]
        fit *= moments.scales(group, regulators)
        fit[np.arange(len(regulators)), regulators] = 0
        return np.asarray(fit)

    n_all, mean_explained = moments.n_cells.sum(), np.zeros_like(mean)
    for group, share in enumerate(moments.shares.astype(np.float32)):
        mean_explained += share * explained(group)
    for group, n_cells in enumerate(moments.n_cells):
        known = explained(group) - mean_explained
        rest = moments.covariance[group] * moments.scales(group, regulators) - mean - known
        rest[np.arange(len(regulators)), regulators] = 0
        sampling = 1 / max(n_cells, 1) - 1 / n_all
        sampling = np.float32(sampling) * moments.excess[group].astype(np.float32)
        beyond = max(0.0, float((np.square(rest) - sampling)[possible].mean())) if possible.any() else 0.0
        kept = beyond / np.maximum(beyond + sampling, np.float32(1e-12))
        yield mean + known + kept * rest, float(1 / (1 / n_all + np.square(kept) * sampling).mean())


class _Evidence:
    r"""Evidence of the correlations of a group, and of what the patterns that many genes share leave of them.

    The second has the weight :math:`\lambda / 2`. Patterns are the same in all groups.
    """

    def __init__(
        self, moments: GroupMoments, regulators: np.ndarray, possible: np.ndarray, shared: Covariation
    ) -> None:
        self.regulators, self.possible = regulators, possible
        vectors = shared.loadings.astype(np.float32)
        above = np.maximum(moments.of_patterns, 1 + 1e-6)
        weights = (reliability(above, len(vectors) / moments.n_cells.sum()) * above).astype(np.float32)
        self.of_patterns = (vectors[regulators] * weights) @ vectors.T
        self.scale = 1 / np.sqrt(np.maximum(1 - np.square(vectors) @ weights, 1e-6))
        self.weight = np.float32(shared.own_share / 2) if vectors.shape[1] else np.float32(0)

    def __call__(self, correlation: np.ndarray) -> np.ndarray:
        evidence = (1 - self.weight) * self._association(correlation)
        if self.weight:
            own = (correlation - self.of_patterns) * self.scale[self.regulators][:, None] * self.scale
            evidence += self.weight * self._association(own)
        return np.asarray(evidence)

    def _association(self, correlation: np.ndarray) -> np.ndarray:
        """Return the surprisal of a correlation compared with those of the regulators, ``(R, G)``."""
        correlation = np.where(self.possible, correlation, np.float32(0))
        statistic = against_background(correlation, self.regulators, correlation, self.regulators)
        return approximate_surprisal(statistic, self.possible)
