"""Covariation within groups, in double precision, and what the means of the groups tell."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from infosem.statistics._group_moments import _means_inform, _of_means, measure_moments

from .test_group_deviations import _blocks, _possible


def test_moments_within_groups_in_double_precision():
    rng = np.random.default_rng(1)
    groups = rng.integers(-1, 3, 400)
    z = (rng.standard_normal((400, 12)) * rng.uniform(0.5, 2, 12) + rng.normal(0, 1, (4, 12))[groups]).astype(
        np.float32
    )
    z[rng.random(z.shape) < 0.3] = 0
    patterns = np.linalg.qr(rng.standard_normal((12, 2)))[0]
    found = measure_moments(_blocks(z, 33), groups, groups.max() + 1, np.array([4, 0, 7]), _possible(3, 12), patterns)

    centred = z.astype(np.float64)
    for group in range(3):
        for j in range(12):
            counted = (groups == group) & (z[:, j] != 0)
            centred[counted, j] -= centred[counted, j].mean()
    chosen = groups >= 0
    sd = np.sqrt(np.square(centred[chosen]).mean(0))
    w = centred / sd
    np.testing.assert_allclose(found.sd, sd, rtol=1e-4)
    np.testing.assert_array_equal(found.n_cells, np.bincount(groups[chosen]))
    for group in range(3):
        of_group = w[groups == group]
        right = of_group.T @ of_group / len(of_group)
        np.testing.assert_allclose(found.covariance[group], right[[4, 0, 7]], atol=1e-5)
        np.testing.assert_allclose(found.variance[group], np.diag(right), rtol=1e-4)
    np.testing.assert_allclose(found.mean(found.variance), 1, rtol=1e-6)
    np.testing.assert_allclose(found.of_patterns, np.square(w[chosen] @ patterns).mean(0), rtol=1e-4)


def test_batches_are_centred_within_groups():
    rng = np.random.default_rng(0)
    groups, batches = rng.integers(-1, 2, 500), rng.integers(0, 3, 500)
    z = rng.standard_normal((500, 10))
    shift = rng.standard_normal((3, 3, 10))  # the batches shift the genes of each group in another way
    shift[1] *= 2
    possible = _possible(3, 10)
    arguments = groups, 2, np.arange(3), possible, np.zeros((10, 0))
    found = measure_moments(_blocks((z + shift[groups, batches]).astype(np.float32)), *arguments, batches)
    centred = z.copy()
    for group in range(2):
        for batch in range(3):
            here = (groups == group) & (batches == batch)
            centred[here] -= centred[here].mean(0)
    np.testing.assert_array_equal(found.n_cells, np.bincount(groups[groups >= 0]) - 2)
    sd = np.sqrt(np.square(centred[groups >= 0]).sum(0) / found.n_cells.sum())
    np.testing.assert_allclose(found.sd, sd, rtol=1e-4)
    for group in range(2):
        w = centred[groups == group] / sd
        np.testing.assert_allclose(found.covariance[group], (w.T @ w)[:3] / found.n_cells[group], atol=1e-4)


def _informs(means, network, n_cells=1000.0):
    """Probability that means inform on a network whose effects are the correlations within groups."""
    regulators, possible = np.arange(len(network)), _possible(*network.shape)
    _, of_means = _of_means(means, np.full(len(means), 200.0), regulators)
    noise = np.random.default_rng(9).standard_normal(network.shape)
    noise[:, regulators] = np.triu(noise[:, regulators]) + np.triu(noise[:, regulators], 1).T
    return _means_inform(np.sqrt(n_cells) * network + noise, of_means, regulators, possible)


def _network(n_regulators=20, n_genes=100, seed=3):
    rng = np.random.default_rng(seed)
    network = np.where(rng.random((n_regulators, n_genes)) < 0.1, rng.choice([-0.3, 0.3], (n_regulators, n_genes)), 0)
    network[:, :n_regulators] = 0
    return network


def test_means_inform_if_they_go_together_as_within_groups():
    network, rng = _network(), np.random.default_rng(2)
    independent = rng.standard_normal((2000, 100))
    caused = independent[:, :20] @ network + 0.5 * independent
    caused[:, :20] = independent[:, :20]
    assert _informs(caused[:12], network) > 0.9
    at_random = [_informs(independent[i : i + 12], network) for i in range(0, 1200, 12)]
    assert np.mean(at_random) < 0.35
    # means that go together, but not along the network
    elsewhere = independent[:, :20] @ network[:, np.r_[:20, np.roll(np.arange(20, 100), 7)]] + 0.5 * independent
    assert np.mean([_informs(elsewhere[i : i + 12], network) for i in range(0, 600, 12)]) < 0.4
    # two groups can hardly tell
    assert 0.05 < _informs(independent[:2], network) < 0.6
    assert _informs(np.zeros((6, 100)), network) == 0


def test_probability_that_means_inform_is_that_of_an_integral():
    network, means = _network(), np.random.default_rng(5).standard_normal((6, 100))
    regulators, possible = np.arange(20), _possible(20, 100)
    _, of_means = _of_means(means, np.full(6, 200.0), regulators)
    np.testing.assert_allclose(of_means, np.corrcoef(means.T)[:20], atol=1e-9)
    within = 30 * network + np.random.default_rng(6).standard_normal(network.shape)
    within[:, :20] = np.triu(within[:, :20]) + np.triu(within[:, :20], 1).T
    pairs = [(i, j) for i in range(20) for j in range(i + 1, 100)]
    r, m = (np.array([part[pair] for pair in pairs]) for part in (within, of_means))
    m -= m.mean()
    t = (r * np.abs(r) * m).sum() / np.square(r).sum()
    s = np.sqrt(np.square(m).mean() * (r**4).sum()) / np.square(r).sum()
    informing, _ = quad(lambda tau: norm.pdf(t, tau, s) * 2 * norm.pdf(tau, 0, 0.1), 0, 1)
    right = informing / (informing + 2 * norm.pdf(t, 0, s))
    assert _means_inform(within, of_means, regulators, possible) == pytest.approx(right, rel=1e-5)


def test_a_few_cells_in_which_two_genes_are_high_count_as_a_few_cells():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 6)).astype(np.float32)
    z[:4, [0, 5]] += 8
    groups = np.zeros(400, int)
    groups[200:] = 1
    found = measure_moments(_blocks(z), groups, 2, np.array([0, 1]), _possible(2, 6), np.zeros((6, 0)))
    # the standard error over bootstrap samples, relative to that of normal values
    cells = z[:200].astype(np.float64)
    drawn = [rng.integers(0, 200, 200) for _ in range(2000)]
    sampled = np.array([np.cov(cells[rows, 0], cells[rows, 5], ddof=0)[0, 1] for rows in drawn])
    relative = 200 * sampled.var() / (cells[:, 0].var() * cells[:, 5].var())
    assert found.excess[0, 0, 5] == pytest.approx(relative, rel=0.3)
    assert found.excess[0, 0, 5] > 10
    assert found.excess[1, 0, 5] < 1.5
