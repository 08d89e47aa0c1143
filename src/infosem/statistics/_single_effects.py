r"""Closed-form estimate of sparse direct effects of the regulators, as a sum of single effects.

Each column of the latent structural equations :math:`h_j = \sum_i h_i A_{ij} + z_j` is a regression. Its coefficients
are a sum of :math:`L` single effects (Wang et al. 2020, "SuSiE"). Each single effect has one regulator, drawn with
probability :math:`\pi_i`, and a size with its own variance,

.. math:: A_{\cdot j} = \sum_{l=1}^{L} \gamma_{lj} b_{lj}, \qquad \gamma_{lj} \sim \mathrm{Mult}(1, \pi), \quad
          b_{lj} \sim N(0, v_{lj}), \qquad z_j \sim N(0, s_j^2)

The posterior is approximated by :math:`\prod_l q(\gamma_{lj}, b_{lj})` and found by coordinate ascent. Given all other
single effects, the bound is maximised by the posterior of a regression with one regressor,

.. math:: q(\gamma_{lj} = i) \propto \pi_i \sqrt{\tfrac{t}{t + v}}\, e^{\frac{r_i^2}{2t} \frac{v}{t + v}}, \qquad
          \mathbb{E}[b_{lj} \mid i] = \tfrac{v}{t + v} r_i, \qquad t = s_j^2 / n

where :math:`r_i` is the correlation of regulator :math:`i` with what the other single effects leave of the gene. The
variances :math:`v` and :math:`s^2` and the probabilities :math:`\pi` are estimated too (empirical Bayes). Effects
without support therefore vanish, and regulators with many targets are found more easily.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

N_EFFECTS = 10
"""Largest number of single effects on a gene. The variances of superfluous ones are estimated to be zero."""

_ROUNDS = (3, 10)
"""Largest number of rounds in the first pass, which counts the targets of each regulator, and in the second pass."""
_TOLERANCE = 3e-3
_IMPOSSIBLE = 1e-9
_BOUNDS_OF_VARIANCE = (1e-5, 1.0)
_LEAST_NOISE = 0.05
_CHUNK_ENTRIES = 2**20
"""Number of pairs of a regulator and a gene that are processed at a time, chosen to fit into the caches of a CPU."""
_CHUNKS_ELSEWHERE = 8
"""Factor on this number for other devices, where smaller chunks would not fill the kernels."""


def sparse_effects(correlation: Tensor, among: Tensor, n_observations: float, possible: Tensor) -> Tensor:
    r"""Compute posterior means of the direct effects, in standard deviations per standard deviation.

    Parameters
    ----------
    correlation
        Correlation of the regulators with the genes, ``(R, G)``.
    among
        Correlation of the regulators with each other, ``(R, R)``. The diagonal is ignored.
    n_observations
        Number :math:`n` of independent observations of the correlations.
    possible
        Pairs that can be edges, boolean ``(R, G)``. The effects of other pairs are zero.

    Returns
    -------
    Posterior mean :math:`\mathbb{E}[A]`, ``(R, G)``.
    """
    n_regulators, n_genes = correlation.shape
    effects = torch.zeros_like(correlation)
    if n_regulators == 0 or not possible.any():
        return effects
    among = among.clone().fill_diagonal_(1.0)
    log_odds = torch.full_like(correlation[:, :1], -math.log(n_regulators))
    n_entries = _CHUNK_ENTRIES * (1 if correlation.device.type == "cpu" else _CHUNKS_ELSEWHERE)
    width = max(1, n_entries // n_regulators)
    # the second pass uses the probabilities of the regulators from the first
    for n_rounds in _ROUNDS:
        n_targets = torch.zeros_like(log_odds)
        for columns in torch.arange(n_genes, device=correlation.device).split(width):
            odds = log_odds.masked_fill(~possible[:, columns], -math.inf)
            found, expected = _ascend(correlation[:, columns], among, n_observations, odds, n_rounds)
            effects[:, columns] = found
            n_targets += expected[:, None]
        log_odds = torch.log((n_targets + 1) / (n_targets + 1).sum())
    return effects


def _ascend(correlation: Tensor, among: Tensor, n: float, log_odds: Tensor, n_rounds: int) -> tuple[Tensor, Tensor]:
    """Return the effects on some genes, ``(R, g)``, and the expected number of targets of each regulator, ``(R,)``."""
    effects, n_targets = torch.zeros_like(correlation), correlation.new_zeros(len(among))
    active = torch.isfinite(log_odds).any(0).nonzero()[:, 0]
    correlation, log_odds = correlation[:, active], log_odds[:, active]
    n_effects = min(N_EFFECTS, len(among))
    single = [torch.zeros_like(correlation) for _ in range(n_effects)]
    fitted = [torch.zeros_like(correlation) for _ in range(n_effects)]
    variance = [correlation.new_full((1, len(active)), _LEAST_NOISE) for _ in range(n_effects)]
    noise = correlation.new_ones(1, len(active))
    total, explained = torch.zeros_like(correlation), torch.zeros_like(correlation)
    for step in range(n_rounds):
        before = total.clone()
        included = torch.zeros_like(correlation)
        t = noise / n
        for k in range(n_effects):
            residual = correlation - explained + fitted[k]
            shrinkage = variance[k] / (t + variance[k])
            evidence = torch.addcmul(log_odds, residual.square(), 0.5 * shrinkage / t)
            # tiny probabilities are set to zero, as denormal numbers would make the products ten times slower
            probability = torch.nn.functional.threshold(torch.softmax(evidence, 0), _IMPOSSIBLE, 0.0)
            size = shrinkage * residual
            new = probability * size
            variance[k] = ((new * size).sum(0, keepdim=True) + shrinkage * t).clamp(*_BOUNDS_OF_VARIANCE)
            total += new - single[k]
            new_fit = among @ new
            explained += new_fit - fitted[k]
            single[k], fitted[k] = new, new_fit
            included += probability
        noise = (1 - 2 * (total * correlation).sum(0) + (total * explained).sum(0)).clamp(_LEAST_NOISE, 1)[None]
        moving = (total - before).abs().amax(0) > _TOLERANCE
        if step == n_rounds - 1:
            moving = torch.zeros_like(moving)
        done = ~moving
        effects[:, active[done]] = total[:, done]
        n_targets += included[:, done].sum(1)
        if not moving.any():
            break
        # genes whose effects have settled are left out of the next rounds
        active, correlation, log_odds = active[moving], correlation[:, moving], log_odds[:, moving]
        total, explained, noise = total[:, moving], explained[:, moving], noise[:, moving]
        single, fitted, variance = ([part[:, moving] for part in parts] for parts in (single, fitted, variance))
    return effects, n_targets
