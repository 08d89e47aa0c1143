r"""Prior of the effects of a regulator in groups of cells, and their posterior given one estimate from each group.

All groups share an effect :math:`c` of the regulator on a gene, which a group can lack, or a group has an effect that
the others do not have:

.. math::

    c &\sim \pi\, N(0, v) + (1 - \pi)\, \delta_0 \\
    b_g \mid c \neq 0 &\sim (1 - \epsilon)\, M(c) + \epsilon\, M(0) \\
    b_g \mid c = 0 &\sim (1 - \psi)\, M(0) + \psi\, N(0, v) \\
    M(c) &= (1 - \mu)\, N(c, \tau_1^2) + \mu\, N(c, \tau_2^2)

:math:`M` are minor deviations, such as those from a response that is not linear. They are part of the effects but are
no differences between networks. Each group gives an estimate :math:`x_g \sim N(b_g, t_g)`. The groups are independent
given :math:`c`, so the posterior is a sum over the states of each group. The integral over :math:`c` is replaced by
Laplace's approximation around its mode.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr

_STEPS_OF_MODE = 2


@dataclass(frozen=True)
class GroupPrior:
    r"""Parameters of the prior: :math:`\pi, \psi, \epsilon, v, \tau_1^2, \tau_2^2, \mu`."""

    shared: float = 0.1
    gained: float = 0.03
    lost: float = 0.1
    size: float = 0.05
    minor: float = 5e-4
    wide: float = 5e-3
    wide_share: float = 0.1

    @property
    def kept_share(self) -> float:
        """Share of a group's effects that are shared."""
        kept = self.shared * (1 - self.lost)
        return kept / (kept + (1 - self.shared) * self.gained)


@dataclass
class Counts:
    """Expected numbers of pairs in each state, and sums of squares, from which the prior is estimated."""

    sums: dict[str, float] = field(default_factory=dict)

    def add(self, possible: np.ndarray, values: dict[str, np.ndarray]) -> None:
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + float((value * possible).sum(dtype=np.float64))

    def prior(self, before: GroupPrior) -> GroupPrior:
        """Return the most probable parameters. Ten pairs of the prior before keep all of them finite."""

        def mean(total: str, n: float, prior: float, least: float, most: float) -> float:
            return float(np.clip((self.sums[total] + 10 * prior) / (n + 10), least, most))

        s = self.sums
        return GroupPrior(
            shared=mean("shared", s["pairs"], before.shared, 1e-6, 0.9),
            gained=mean("gained", s["without"], before.gained, 1e-6, 0.9),
            lost=mean("lost", s["with"], before.lost, 1e-6, 0.9),
            size=mean("size", s["shared"], before.size, 1e-2, 1),
            minor=mean("minor_size", s["minor"], before.minor, 1e-6, 1e-2),
            wide=mean("wide_size", s["wide"], before.wide, 1e-4, 5e-2),
            wide_share=mean("wide", s["wide"] + s["minor"], before.wide_share, 1e-6, 0.9),
        )


class PairStates:
    """Probabilities of the states of some pairs, given an estimate of the effect in each group, ``(K, ...)``."""

    def __init__(self, x: np.ndarray, t: np.ndarray, prior: GroupPrior) -> None:
        v = prior.size
        self.x, self.t, self.prior = x, t, prior
        self.absent, self.absent_wide = _deviation(x, t, prior)
        slab = _log_normal(x, t + v)
        gained = np.log(prior.gained) + slab
        without = _log_sum(np.log1p(-prior.gained) + self.absent, gained)
        self.gained = np.exp(gained - without)
        lost = np.log(prior.lost) + self.absent
        # the mode is sought from the mean of the groups that seem to have an effect
        weight = _sigmoid(slab - self.absent) / (t + prior.minor)
        self.mode = (weight * x).sum(0) / (weight.sum(0) + 1 / v)
        for step in range(_STEPS_OF_MODE + 1):
            near, self.kept_wide = _deviation(x - self.mode, t, prior)
            kept = np.log1p(-prior.lost) + near
            present = _log_sum(kept, lost)
            self.kept = np.exp(kept - present)
            weight = self.kept * ((1 - self.kept_wide) / (t + prior.minor) + self.kept_wide / (t + prior.wide))
            self.precision = weight.sum(0) + 1 / v
            if step < _STEPS_OF_MODE:
                self.mode = (weight * x).sum(0) / self.precision
        evidence = present.sum(0) - without.sum(0) + _log_normal(self.mode, v) - 0.5 * np.log(self.precision)
        self.shared = _sigmoid(evidence + np.log(prior.shared) - np.log1p(-prior.shared))

    def _minor(self) -> Iterator[tuple[str, np.ndarray, np.ndarray | float, np.ndarray, np.ndarray]]:
        """Iterate over the minor deviations: kind, probability, centre, mean deviation and mean square of it."""
        kept, gained = self.shared * self.kept, (1 - self.shared) * self.gained
        states = ((kept, self.mode, self.kept_wide), (1 - kept - gained, 0.0, self.absent_wide))
        for weight, centre, wide in states:
            for name, variance, share in (("minor", self.prior.minor, 1 - wide), ("wide", self.prior.wide, wide)):
                shift = variance / (self.t + variance) * (self.x - centre)
                yield name, weight * share, centre, shift, np.square(shift) + variance * self.t / (self.t + variance)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the posterior mean and mean square of the effects, ``(K, ...)``."""
        v, gained = self.prior.size, (1 - self.shared) * self.gained
        alone = v / (self.t + v) * self.x
        mean, square = gained * alone, gained * (np.square(alone) + v * self.t / (self.t + v))
        for _, weight, centre, shift, size in self._minor():
            mean += weight * (centre + shift)
            square += weight * (size + 2 * centre * shift + np.square(centre))
        square += self.shared * self.kept / self.precision
        return mean, square

    def expected(self) -> dict[str, np.ndarray]:
        """Return the expected numbers of pairs and sums of squares by state (:class:`Counts`)."""
        total: dict[str, np.ndarray] = {}
        for name, weight, _, _, size in self._minor():
            total[name] = total.get(name, 0) + weight
            total[name + "_size"] = total.get(name + "_size", 0) + weight * size
        n_groups = len(self.x)
        return {
            **total, "shared": self.shared, "pairs": np.ones_like(self.shared),
            "gained": (1 - self.shared) * self.gained, "lost": self.shared * (1 - self.kept),
            "with": n_groups * self.shared, "without": n_groups * (1 - self.shared),
            "size": self.shared * (np.square(self.mode) + 1 / self.precision),
        }  # fmt: skip


def large_share(mean: np.ndarray, variance: np.ndarray, prior: GroupPrior) -> np.ndarray:
    r"""Return the probability that a normally distributed effect exceeds :math:`\sqrt{v}`."""
    least, sd = np.sqrt(prior.size), np.sqrt(variance)
    return np.asarray(ndtr((mean - least) / sd) + ndtr((-mean - least) / sd))


def _deviation(x: np.ndarray, t: np.ndarray, prior: GroupPrior) -> tuple[np.ndarray, np.ndarray]:
    """Return the log density of estimates with minor deviations, and the probability of the wider ones."""
    narrow = np.log1p(-prior.wide_share) + _log_normal(x, t + prior.minor)
    wide = np.log(prior.wide_share) + _log_normal(x, t + prior.wide)
    return _log_sum(narrow, wide), _sigmoid(wide - narrow)


def _log_sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Return :math:`\log(e^a + e^b)`. NumPy's own function is several times slower."""
    largest = np.maximum(a, b)
    return np.asarray(largest + np.log(1 + np.exp(np.minimum(a, b) - largest)))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(np.clip(-x, -80, 80))))


def _log_normal(x: np.ndarray, variance: np.ndarray | float) -> np.ndarray:
    return np.asarray(-0.5 * (np.log(variance) + np.square(x) / variance))
