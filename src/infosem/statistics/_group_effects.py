r"""Direct effects of regulators in groups of cells that share most of them, and where the groups differ.

In group :math:`g` the effects on gene :math:`j` are a regression, :math:`w_{\cdot j} = \sum_i w_{\cdot i} b_{gij} + e`,
:math:`e \sim N(0, s_{gj}^2)`. The groups share most effects (:mod:`infosem.statistics._group_prior`). The parameters of
the prior are estimated from all groups (empirical Bayes). A group of few cells therefore leans on the shared effects,
and a group of many cells speaks for itself.

The posterior is approximated by a product over the regulators of a gene and found by coordinate ascent. Given the
other regulators, the data of group :math:`g` about regulator :math:`i` are one estimate with a known variance,

.. math:: x_g = b_{gi} + \frac{S_{g,ij} - \sum_k S_{g,ik} b_{gk}}{S_{g,ii}}, \qquad
          t_g = \frac{s_{gj}^2 q_{g,ij}}{n_g S_{g,ii}}
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from infosem.statistics._group_moments import GroupMoments
from infosem.statistics._group_prior import Counts, GroupPrior, PairStates, large_share

_MOST_CANDIDATES, _LEAST_CANDIDATES, _CANDIDATES_OF_ALL_GROUPS = 32, 8, 1024
"""Number of regulators of a gene whose effects are estimated. Those with the largest estimates are chosen. With more
than 32 groups there are fewer, so that the time hardly depends on the number of groups."""

_ROUNDS_OF_PRIOR, _ROUNDS = 12, 10
_GENES_OF_PRIOR, _PAIRS_OF_PRIOR = 256, 2**18
"""Largest number of genes from which the prior is estimated, and of their candidates in all groups."""
_TOLERANCE = 3e-3
_LEAST_NOISE = 0.05
_LEAST_VARIANCE = 1e-3
_CHUNK_ENTRIES = 2**23


@dataclass
class States:
    r"""Posterior probabilities of the states of each pair.

    Attributes
    ----------
    shared
        Probability that there is a shared effect, :math:`c \neq 0`, float16 ``(R, G)``.
    large
        Probability that the shared effect is large (:func:`infosem.statistics._group_prior.large_share`), if there is
        one, float16 ``(R, G)``.
    lost, gained
        Probability that a group lacks the effect if there is a shared one, and that it has a large one if there is
        none, float16 ``(K, R, G)``.
    informed
        Share :math:`v / (v + t_g)` of the prior variance of an effect that the cells of the group remove, float16
        ``(K, R, G)``. It is near zero if the group tells nothing of the effect.
    """

    shared: np.ndarray
    large: np.ndarray
    lost: np.ndarray
    gained: np.ndarray
    informed: np.ndarray

    @cached_property
    def _gained_by_one(self) -> np.ndarray:
        return self.gained.max(axis=0).astype(np.float32)

    def differs(self, group: int) -> np.ndarray:
        """Return the probability that a group does not have what all groups together seem to have, float32 ``(R, G)``.

        It lacks a shared effect, or the effect is not shared, and a group has one of its own.
        """
        shared = self.shared.astype(np.float32)
        return shared * self.lost[group].astype(np.float32) + (1 - shared) * self._gained_by_one


def group_effects(
    moments: GroupMoments, regulators: np.ndarray, possible: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, States, GroupPrior]:
    r"""Estimate the effects in each group.

    Parameters
    ----------
    moments
        Second moments of the cells within groups.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    start
        Initial effects of all groups, ``(R, G)``.

    Returns
    -------
    Posterior means of the effects, float32 ``(K, R, G)``, the probabilities of the states, and the prior.
    """
    n_groups, n_regulators = moments.covariance.shape[:2]
    among = moments.covariance[:, :, regulators]
    pooled = moments.pooled[:, regulators]
    start = _explaining(start, moments.pooled, pooled)
    inflation = _inflation(pooled, moments.n_cells.sum())
    effects = np.zeros(moments.covariance.shape, dtype=np.float32)
    shapes = possible.shape, possible.shape, effects.shape, effects.shape, effects.shape
    states = States(*(np.zeros(shape, np.float16) for shape in shapes))
    n_candidates = min(n_regulators, _number_of_candidates(n_groups))

    def genes(columns: np.ndarray) -> _Genes:
        return _Genes(
            moments.covariance[:, :, columns],
            moments.excess[:, :, columns],
            among,
            moments.variance[:, columns],
            moments.n_cells,
            possible[:, columns],
            start[:, columns],
            n_candidates,
        )

    active = np.flatnonzero(possible.any(0))
    prior = GroupPrior()
    if len(active):
        n_genes = min(_GENES_OF_PRIOR, max(1, _PAIRS_OF_PRIOR // (n_groups * n_candidates)))
        sample = genes(active[np.unique(np.linspace(0, len(active) - 1, n_genes).astype(int))])
        for _ in range(_ROUNDS_OF_PRIOR):
            counts = Counts()
            sample.ascend(prior, counts=counts)
            prior = counts.prior(prior)
    width = max(1, _CHUNK_ENTRIES // (n_groups * n_candidates**2))
    for columns in np.split(active, range(width, len(active), width)) if len(active) else ():
        chunk = genes(columns)
        chunk.converge(prior)
        rows = chunk.candidates
        effects[:, rows, columns] = chunk.effects
        found = chunk.states(prior, inflation)
        for part in fields(States):
            getattr(states, part.name)[..., rows, columns] = getattr(found, part.name)
    return effects, states, prior


class _Genes:
    """Effects of the candidate regulators on some genes in all groups, ``(K, m, g)``."""

    def __init__(
        self,
        covariance: np.ndarray,
        excess: np.ndarray,
        among: np.ndarray,
        variance: np.ndarray,
        n_cells: np.ndarray,
        possible: np.ndarray,
        start: np.ndarray,
        n_candidates: int,
    ) -> None:
        residual = covariance - among @ start
        self.n_cells, self.variance = np.maximum(n_cells, 1).astype(np.float32)[:, None], variance.astype(np.float32)
        self.candidates = _candidates(start, residual, n_cells, possible, n_candidates)
        rows = self.candidates
        columns = np.arange(rows.shape[1])
        self.possible = possible[rows, columns]
        self.excess = excess[:, rows, columns].astype(np.float32)
        if len(rows) == len(among[0]):
            self.among = among[..., None]
        else:
            self.among = np.stack([of_group[rows[:, None], rows] for of_group in among])
        self.diagonal = np.maximum(np.einsum("kiig->kig", self.among), _LEAST_VARIANCE)
        chosen = np.where(self.possible, start[rows, columns], np.float32(0))
        self.effects = np.repeat(chosen[None], len(among), 0)
        self.squares = np.square(self.effects)
        self.fitted = self._fit(self.effects)
        # what regulators that are no candidates explain remains subtracted
        self.target = residual[:, rows, columns] + self._fit(np.repeat(start[rows, columns][None], len(among), 0))

    def _fit(self, effects: np.ndarray) -> np.ndarray:
        if self.among.shape[-1] == 1:
            return np.asarray(self.among[..., 0] @ effects)
        return np.einsum("kilg,klg->kig", self.among, effects)

    def noise(self) -> np.ndarray:
        """Return the expected residual variance of each gene, ``(K, g)``."""
        uncertainty = (self.squares - np.square(self.effects)) * self.diagonal
        explained = (self.effects * (2 * self.target - self.fitted) - uncertainty).sum(1)
        return np.clip(self.variance - explained, _LEAST_NOISE, np.maximum(self.variance, _LEAST_NOISE))

    def converge(self, prior: GroupPrior) -> None:
        """Update the effects until they hardly change. Candidates that have come to rest wait for the others."""
        everyone = moving = np.arange(len(self.candidates))
        for _ in range(_ROUNDS):
            change = self.ascend(prior, moving)
            at_rest = change < _TOLERANCE
            if at_rest.all() and len(moving) == len(everyone):
                break
            moving = everyone if at_rest.all() else moving[~at_rest]

    def ascend(
        self, prior: GroupPrior, candidates: np.ndarray | None = None, *, counts: Counts | None = None
    ) -> np.ndarray:
        """Update the effects of each candidate in turn, and return the largest change of each.

        The expected numbers of pairs in each state are added to ``counts``.
        """
        error = self.noise() / self.n_cells
        changes = []
        for i in range(len(self.candidates)) if candidates is None else candidates:
            estimate = (self.target[:, i] - self.fitted[:, i]) / self.diagonal[:, i] + self.effects[:, i]
            states = PairStates(estimate, error * self.excess[:, i] / self.diagonal[:, i], prior)
            mean, square = states.moments()
            change = np.where(self.possible[i], mean, 0) - self.effects[:, i]
            self.fitted += self.among[:, :, i] * change[:, None]
            self.effects[:, i] += change
            self.squares[:, i] = np.where(self.possible[i], square, 0)
            changes.append(np.abs(change).max())
            if counts is not None:
                counts.add(self.possible[i], states.expected())
        return np.array(changes)

    def states(self, prior: GroupPrior, inflation: np.ndarray) -> States:
        """Return the probabilities of the states. The errors allow for the uncertainty of the other regulators."""
        estimate = (self.target - self.fitted) / self.diagonal + self.effects
        error = (self.noise() / self.n_cells)[:, None] * self.excess / self.diagonal * inflation[self.candidates]
        found = PairStates(estimate, error, prior)
        share = prior.size / (error + prior.size)
        gained = found.gained * large_share(share * estimate, share * error, prior)
        parts = (found.shared, large_share(found.mode, 1 / found.precision, prior), 1 - found.kept, gained, share)
        return States(*(np.where(self.possible, part, 0).astype(np.float16) for part in parts))


def _number_of_candidates(n_groups: int) -> int:
    """Return the number of regulators of a gene whose effects are estimated."""
    return int(np.clip(_CANDIDATES_OF_ALL_GROUPS // n_groups, _LEAST_CANDIDATES, _MOST_CANDIDATES))


def _candidates(
    start: np.ndarray, residual: np.ndarray, n_cells: np.ndarray, possible: np.ndarray, n_candidates: int
) -> np.ndarray:
    """Return the regulators with the largest estimates in standard errors in any group or in all, ``(m, g)``.

    If not all regulators are candidates, those with the largest come first.
    """
    n_regulators, n_genes = start.shape
    if n_regulators == n_candidates:
        return np.repeat(np.arange(n_regulators)[:, None], n_genes, 1)
    n = n_cells.astype(np.float32)
    score = np.abs(start + np.tensordot(n / n.sum(), residual, 1)) * np.sqrt(n.sum())
    for of_group, size in zip(residual, n, strict=True):
        np.maximum(score, np.abs(start + of_group) * np.sqrt(size), out=score)
    score[~possible] = -1
    chosen = np.argpartition(-score, n_candidates - 1, axis=0)[:n_candidates]
    return np.take_along_axis(chosen, np.argsort(-np.take_along_axis(score, chosen, 0), axis=0), 0)


def _explaining(start: np.ndarray, covariance: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the initial effects, without those on genes whose variation within groups they do not explain."""
    explained = (start * (2 * covariance - among @ start)).sum(0)
    return np.where(explained > 0, start, 0).astype(np.float32)


def _inflation(among: np.ndarray, n_cells: float) -> np.ndarray:
    """Return the factor by which other regulators inflate the variance of a regulator's effect, ``(R,)``."""
    ridge = len(among) / n_cells * np.eye(len(among))
    inverse = np.linalg.inv(among.astype(np.float64) + np.diag(np.maximum(_LEAST_VARIANCE - np.diag(among), 0)) + ridge)
    return np.maximum(np.diag(inverse) * np.diag(among), 1).astype(np.float32)
