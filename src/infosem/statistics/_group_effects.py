r"""Direct effects of regulators in groups of cells that share most of them, and where the groups differ.

In group :math:`g` the effects on gene :math:`j` are a regression, :math:`w_{\cdot j} = \sum_i w_{\cdot i} b_{gij} + e`,
:math:`e \sim N(0, s_{gj}^2)`. All groups share an effect :math:`c_{ij}`, which a group can lack, or a group has an
effect that the others do not have:

.. math::

    c_{ij} &\sim \pi\, N(0, v) + (1 - \pi)\, \delta_0 \\
    b_{gij} \mid c_{ij} \neq 0 &\sim (1 - \epsilon)\, M(c_{ij}) + \epsilon\, M(0) \\
    b_{gij} \mid c_{ij} = 0 &\sim (1 - \psi)\, M(0) + \psi\, N(0, v) \\
    M(c) &= (1 - \mu)\, N(c, \tau_1^2) + \mu\, N(c, \tau_2^2)

:math:`M` are minor deviations, such as those from a non-linear response. They are part of the effects but are no
differences between networks. All parameters are estimated from all groups (empirical Bayes). A group of few cells
therefore leans on the shared effect, and a group of many cells speaks for itself.

The posterior is approximated by a product over the regulators of a gene and found by coordinate ascent. Given the
other regulators, the data of group :math:`g` about regulator :math:`i` are one estimate with a known variance,

.. math:: x_g = b_{gi} + \frac{S_{g,ij} - \sum_k S_{g,ik} b_{gk}}{S_{g,ii}}, \qquad
          t_g = \frac{s_{gj}^2}{n_g S_{g,ii}}

The groups are independent given :math:`c`, so the posterior of all states follows from these estimates. The integral
over :math:`c` is replaced by Laplace's approximation around its mode.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

N_CANDIDATES = 32
"""Number of regulators of a gene whose effects are estimated. Those with the largest estimates are chosen."""

_ROUNDS_OF_PRIOR, _ROUNDS = 12, 10
_GENES_OF_PRIOR = 256
"""Number of genes from which the prior is estimated."""
_TOLERANCE = 3e-3
_LEAST_NOISE = 0.05
_LEAST_VARIANCE = 1e-3
_STEPS_OF_MODE = 2
_CHUNK_ENTRIES = 2**23


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


@dataclass
class States:
    r"""Posterior probabilities of the states of each pair.

    Attributes
    ----------
    shared
        Probability that there is a shared effect, :math:`c \neq 0`, float16 ``(R, G)``.
    lost, gained
        Probability that a group lacks the effect if there is a shared one, and that it has one if there is none,
        float16 ``(K, R, G)``.
    """

    shared: np.ndarray
    lost: np.ndarray
    gained: np.ndarray


@dataclass
class _Counts:
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
            size=mean("size", s["shared"], before.size, 1e-3, 1),
            minor=mean("minor_size", s["minor"], before.minor, 1e-6, 1e-2),
            wide=mean("wide_size", s["wide"], before.wide, 1e-4, 5e-2),
            wide_share=mean("wide", s["wide"] + s["minor"], before.wide_share, 1e-6, 0.9),
        )


def group_effects(
    covariance: np.ndarray,
    variance: np.ndarray,
    n_cells: np.ndarray,
    regulators: np.ndarray,
    possible: np.ndarray,
    start: np.ndarray,
) -> tuple[np.ndarray, States, GroupPrior]:
    r"""Estimate the effects in each group.

    Parameters
    ----------
    covariance, variance, n_cells
        Rows :math:`S_g` of the regulators, ``(K, R, G)``, variance of each gene, ``(K, G)``, and number of cells,
        ``(K,)``.
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
    n_groups, n_regulators = covariance.shape[:2]
    among = covariance[:, :, regulators]
    shares = (n_cells / n_cells.sum()).astype(np.float32)
    pooled = np.tensordot(shares, among, 1)
    start = _explaining(start, np.tensordot(shares, covariance, 1), pooled)
    inflation = _inflation(pooled, n_cells.sum())
    effects = np.zeros(covariance.shape, dtype=np.float32)
    states = States(*(np.zeros(shape, np.float16) for shape in (possible.shape, effects.shape, effects.shape)))

    def genes(columns: np.ndarray) -> _Genes:
        return _Genes(
            covariance[:, :, columns], among, variance[:, columns], n_cells, possible[:, columns], start[:, columns]
        )

    active = np.flatnonzero(possible.any(0))
    prior = GroupPrior()
    if len(active):
        sample = genes(active[np.unique(np.linspace(0, len(active) - 1, _GENES_OF_PRIOR).astype(int))])
        for _ in range(_ROUNDS_OF_PRIOR):
            prior = sample.ascend(prior).prior(prior)
    width = max(1, _CHUNK_ENTRIES // (n_groups * min(N_CANDIDATES, n_regulators) ** 2))
    for columns in np.split(active, range(width, len(active), width)) if len(active) else ():
        chunk = genes(columns)
        for _ in range(_ROUNDS):
            before = chunk.effects.copy()
            chunk.ascend(prior)
            if np.abs(chunk.effects - before).max() < _TOLERANCE:
                break
        rows = chunk.candidates
        effects[:, rows, columns] = chunk.effects
        found = chunk.states(prior, inflation)
        states.shared[rows, columns] = found.shared
        states.lost[:, rows, columns], states.gained[:, rows, columns] = found.lost, found.gained
    return effects, states, prior


class _Genes:
    """Effects of the candidate regulators on some genes in all groups, ``(K, m, g)``."""

    def __init__(
        self,
        covariance: np.ndarray,
        among: np.ndarray,
        variance: np.ndarray,
        n_cells: np.ndarray,
        possible: np.ndarray,
        start: np.ndarray,
    ) -> None:
        residual = covariance - among @ start
        self.n_cells, self.variance = n_cells.astype(np.float32)[:, None], variance.astype(np.float32)
        self.candidates = _candidates(start, residual, n_cells, possible)
        rows = self.candidates
        columns = np.arange(rows.shape[1])
        self.possible = possible[rows, columns]
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

    def ascend(self, prior: GroupPrior) -> _Counts:
        """Update the effects of each candidate in turn, and return the expected numbers of pairs in each state."""
        counts = _Counts()
        error = self.noise() / self.n_cells
        for i, possible in enumerate(self.possible):
            estimate = (self.target[:, i] - self.fitted[:, i]) / self.diagonal[:, i] + self.effects[:, i]
            mean, square, expected = posterior(estimate, error / self.diagonal[:, i], prior)
            change = np.where(possible, mean, 0) - self.effects[:, i]
            self.fitted += self.among[:, :, i] * change[:, None]
            self.effects[:, i] += change
            self.squares[:, i] = np.where(possible, square, 0)
            counts.add(possible, expected)
        return counts

    def states(self, prior: GroupPrior, inflation: np.ndarray) -> States:
        """Return the probabilities of the states. The errors allow for the uncertainty of the other regulators."""
        estimate = (self.target - self.fitted) / self.diagonal + self.effects
        error = (self.noise() / self.n_cells)[:, None] / self.diagonal * inflation[self.candidates]
        found = _State(estimate, error, prior)
        parts = (found.shared, 1 - found.kept, found.gained)
        return States(*(np.where(self.possible, part, 0).astype(np.float16) for part in parts))


class _State:
    """Probabilities of the states of some pairs, given an estimate of the effect in each group, ``(K, ...)``."""

    def __init__(self, x: np.ndarray, t: np.ndarray, prior: GroupPrior) -> None:
        v = prior.size
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


def posterior(x: np.ndarray, t: np.ndarray, prior: GroupPrior) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Compute the posterior of the effects of one regulator on some genes.

    Parameters
    ----------
    x, t
        Estimate of the effect in each group and its variance, ``(K, g)``.
    prior
        Prior of the effects.

    Returns
    -------
    Mean and mean square, ``(K, g)``, and the expected numbers of pairs and sums of squares by state.
    """
    state, v = _State(x, t, prior), prior.size
    kept, gained = state.shared * state.kept, (1 - state.shared) * state.gained
    zero = 1 - kept - gained
    total = dict.fromkeys(("minor", "wide", "minor_size", "wide_size"), 0.0)
    mean, square = gained * v / (t + v) * x, gained * (np.square(v / (t + v) * x) + v * t / (t + v))
    for weight, centre, wide in ((kept, state.mode, state.kept_wide), (zero, 0.0, state.absent_wide)):
        for name, variance, share in (("minor", prior.minor, 1 - wide), ("wide", prior.wide, wide)):
            shift = variance / (t + variance) * (x - centre)
            size = np.square(shift) + variance * t / (t + variance)
            mean = mean + weight * share * (centre + shift)
            square = square + weight * share * (size + 2 * centre * shift + np.square(centre))
            total[name] = total[name] + weight * share
            total[name + "_size"] = total[name + "_size"] + weight * share * size
    square = square + kept / state.precision
    one = np.ones_like(state.shared)
    return mean, square, {
        **total, "shared": state.shared, "pairs": one, "gained": gained, "lost": state.shared * (1 - state.kept),
        "with": len(x) * state.shared, "without": len(x) * (1 - state.shared),
        "size": state.shared * (np.square(state.mode) + 1 / state.precision),
    }  # fmt: skip


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


def _candidates(start: np.ndarray, residual: np.ndarray, n_cells: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Return the regulators with the largest estimates in standard errors in any group or in all, ``(m, g)``."""
    n_regulators, n_genes = start.shape
    if n_regulators <= N_CANDIDATES:
        return np.repeat(np.arange(n_regulators)[:, None], n_genes, 1)
    n = n_cells.astype(np.float32)
    score = np.abs(start + np.tensordot(n / n.sum(), residual, 1)) * np.sqrt(n.sum())
    for of_group, size in zip(residual, n, strict=True):
        np.maximum(score, np.abs(start + of_group) * np.sqrt(size), out=score)
    score[~possible] = -1
    return np.argpartition(-score, N_CANDIDATES - 1, axis=0)[:N_CANDIDATES]


def _explaining(start: np.ndarray, covariance: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the initial effects, without those on genes whose variation within groups they do not explain."""
    explained = (start * (2 * covariance - among @ start)).sum(0)
    return np.where(explained > 0, start, 0).astype(np.float32)


def _inflation(among: np.ndarray, n_cells: float) -> np.ndarray:
    """Return the factor by which other regulators inflate the variance of a regulator's effect, ``(R,)``."""
    ridge = len(among) / n_cells * np.eye(len(among))
    inverse = np.linalg.inv(among.astype(np.float64) + np.diag(np.maximum(_LEAST_VARIANCE - np.diag(among), 0)) + ridge)
    return np.maximum(np.diag(inverse) * np.diag(among), 1).astype(np.float32)
