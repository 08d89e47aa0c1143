"""Sparse effects against exact Bayesian regression, and what they find."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from infosem.statistics import _single_effects
from infosem.statistics._single_effects import sparse_effects


def correlations(n, effects, seed=0):
    """Correlation of independent regulators and of the genes that they act on, ``(R, R + G)``."""
    rng = np.random.default_rng(seed)
    r = rng.standard_normal((n, len(effects)))
    x = np.hstack([r, r @ effects + rng.standard_normal((n, effects.shape[1]))])
    return np.corrcoef(x.T)[: len(effects)]


def fit(correlation, n):
    n_regulators = len(correlation)
    possible = torch.ones(correlation.shape, dtype=torch.bool)
    possible[torch.arange(n_regulators), torch.arange(n_regulators)] = False
    among = torch.tensor(correlation[:, :n_regulators])
    return sparse_effects(torch.tensor(correlation), among, n, possible).numpy()


def test_one_effect_is_the_exact_posterior_of_a_regression_with_one_regressor(monkeypatch):
    monkeypatch.setattr(_single_effects, "N_EFFECTS", 1)
    monkeypatch.setattr(_single_effects, "_ROUNDS", (1,))
    n, prior_variance = 40.0, 0.05
    r = np.array([0.35, 0.2, -0.1])
    correlation = np.column_stack([np.eye(3), r])
    found = fit(correlation, n)[:, 3]

    def joint(b, i, power):
        likelihood = stats.norm(b, np.sqrt(1 / n)).pdf(r[i])
        others = np.prod([stats.norm(0, np.sqrt(1 / n)).pdf(v) for k, v in enumerate(r) if k != i])
        return b**power * likelihood * others * stats.norm(0, np.sqrt(prior_variance)).pdf(b)

    mass, first = (
        np.array([integrate.quad(joint, -3, 3, args=(i, power), points=[0, r[i]])[0] for i in range(3)])
        for power in (0, 1)
    )
    np.testing.assert_allclose(found, first / mass.sum(), rtol=1e-6)


def test_the_planted_effects_are_found_and_nothing_else():
    effects = np.zeros((12, 30))
    effects[0, :10], effects[3, 5:15], effects[7, 20] = 0.8, -0.6, 0.7
    found = fit(correlations(800, effects), 800)[:, 12:]
    assert (np.sign(found[effects != 0]) == np.sign(effects[effects != 0])).all()
    assert np.abs(found[effects != 0]).min() > 4 * np.abs(found[effects == 0]).max()


def test_independent_genes_have_no_effects():
    found = fit(correlations(500, np.zeros((12, 40))), 500)
    assert np.abs(found).max() < 0.12


@pytest.mark.parametrize("n_regulators", [1, 2])
def test_few_regulators(n_regulators):
    found = fit(correlations(100, np.ones((n_regulators, 3))), 100)
    assert np.isfinite(found).all()
    assert (found[:, n_regulators:] > 0.1).all()
    assert (found[np.arange(n_regulators), np.arange(n_regulators)] == 0).all()


def test_genes_in_chunks_are_as_all_at_once(monkeypatch):
    effects = np.zeros((6, 20))
    effects[0, :8], effects[2, 4:12] = 0.5, 0.4
    correlation = correlations(200, effects)
    together = fit(correlation, 200)
    monkeypatch.setattr(_single_effects, "_CHUNK_ENTRIES", 6 * 7)
    np.testing.assert_allclose(fit(correlation, 200), together, atol=1e-9)
