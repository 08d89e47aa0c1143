"""Networks of groups of cells, against brute force in double precision and against planted networks."""

import numpy as np
import pytest
from scipy.stats import norm

from infosem.statistics import _group_effects
from infosem.statistics._covariation import measure_covariation
from infosem.statistics._group_deviations import (
    _correlations,
    _mean_correlation,
    differing,
    measure_groups,
    q_values,
)
from infosem.statistics._group_effects import States, group_effects
from infosem.statistics._group_moments import measure_moments
from infosem.statistics._group_prior import GroupPrior, PairStates
from infosem.statistics._surprisal import approximate_surprisal, surprisal

PRIOR = GroupPrior(shared=0.2, gained=0.05, lost=0.15, size=0.06, minor=1e-3, wide=8e-3, wide_share=0.2)


def _blocks(z, size=70):
    return lambda: (z[start : start + size] for start in range(0, len(z), size))


def _possible(n_regulators, n_genes):
    return np.arange(n_regulators)[:, None] != np.arange(n_genes)


def _plant(sizes, *, n_regulators=8, n_genes=40, differ=0.2, seed=0):
    """Return cells in which regulators act on targets, their groups, and the network of each group."""
    rng = np.random.default_rng(seed)
    base = np.where(rng.random((n_regulators, n_genes)) < 0.25, 0.45 * rng.choice([-1, 1], (n_regulators, n_genes)), 0)
    base[:, :n_regulators] = 0
    cells, networks = [], []
    for n_cells in sizes:
        network = base.copy()
        for i, j in zip(*np.nonzero(base), strict=True):
            if rng.random() < differ:
                network[i, j] = 0
                network[i, rng.choice(np.flatnonzero(base[i, n_regulators:] == 0)) + n_regulators] = base[i, j]
        z = rng.standard_normal((n_cells, n_genes))
        cells.append(z + z[:, :n_regulators] @ network)
        networks.append(network)
    z = np.vstack(cells)
    z = (z - z.mean(0)) / z.std(0)
    order = rng.permutation(len(z))
    return z[order].astype(np.float32), np.repeat(np.arange(len(sizes)), sizes)[order], np.array(networks)


def _measure(z, groups, n_regulators=8):
    regulators, possible = np.arange(n_regulators), _possible(n_regulators, z.shape[1])
    shared = measure_covariation(_blocks(z), regulators, possible)
    among = shared.all[:, :n_regulators].copy()
    np.fill_diagonal(among, 1)
    effects = np.where(possible, np.linalg.solve(among, np.where(possible, shared.all, 0)), 0).astype(np.float32)
    effects[:, :n_regulators] = 0
    found, mean = measure_groups(_blocks(z), groups, groups.max() + 1, regulators, possible, shared, effects, effects)
    return found, mean, effects


def _brute_force(x, t, prior):
    """Return the mean effects, their mean squares and P(c != 0), by summation over a grid of shared effects."""

    def deviating(value, centre, variance):
        narrow, wide = (norm.pdf(value, centre, np.sqrt(variance + tau)) for tau in (prior.minor, prior.wide))
        return (1 - prior.wide_share) * narrow, prior.wide_share * wide

    def conditional(centre, variance, tau):
        kept = tau / (variance + tau)
        return kept, (1 - kept) * centre

    grid = np.linspace(-2, 2, 40001)
    step = grid[1] - grid[0]
    likelihoods, means, squares = [], [], []
    for value, variance in zip(x, t, strict=True):
        parts = []
        for centre, weight in ((grid, 1 - prior.lost), (np.zeros_like(grid), prior.lost)):
            for density, tau in zip(deviating(value, centre, variance), (prior.minor, prior.wide), strict=True):
                kept, offset = conditional(centre, variance, tau)
                mean = kept * value + offset
                parts.append((weight * density, mean, np.square(mean) + kept * variance))
        likelihood = sum(part[0] for part in parts)
        likelihoods.append(likelihood)
        means.append(sum(p[0] * p[1] for p in parts) / likelihood)
        squares.append(sum(p[0] * p[2] for p in parts) / likelihood)
    with_shared = norm.pdf(grid, 0, np.sqrt(prior.size)) * np.prod(likelihoods, 0) * prior.shared * step
    without, mean_without, square_without = 1 - prior.shared, [], []
    for value, variance in zip(x, t, strict=True):
        parts = []
        for density, tau in zip(deviating(value, 0.0, variance), (prior.minor, prior.wide), strict=True):
            parts.append(((1 - prior.gained) * density, tau))
        slab = norm.pdf(value, 0, np.sqrt(variance + prior.size))
        parts.append((prior.gained * slab, prior.size))
        likelihood = sum(part[0] for part in parts)
        kept = [tau / (variance + tau) for _, tau in parts]
        mean_without.append(sum(p[0] * k * value for p, k in zip(parts, kept, strict=True)) / likelihood)
        squared = [np.square(k * value) + k * variance for k in kept]
        square_without.append(sum(p[0] * s for p, s in zip(parts, squared, strict=True)) / likelihood)
        without = without * likelihood
    total = with_shared.sum() + without
    mean, square = (
        [(with_shared @ a + without * b) / total for a, b in zip(given, other, strict=True)]
        for given, other in ((means, mean_without), (squares, square_without))
    )
    return np.array(mean), np.array(square), with_shared.sum() / total


@pytest.mark.parametrize(
    ("x", "n_cells"),
    [
        ([0.4, 0.38, 0.42], [2000, 500, 60]),
        ([0.4, 0.01, 0.35], [2000, 500, 60]),
        ([0.0, 0.35, 0.05], [2000, 500, 60]),
        ([0.02, -0.01, 0.1], [2000, 500, 60]),
        ([0.3, -0.3, 0.3, 0.0, 0.29], [300, 300, 300, 300, 300]),
    ],
)
def test_posterior_of_a_pair_is_that_of_brute_force(x, n_cells):
    x, t = np.array(x), 0.8 / np.array(n_cells)
    states = PairStates(x[:, None], t[:, None], PRIOR)
    mean, square = states.moments()
    right_mean, right_square, shared = _brute_force(x, t, PRIOR)
    np.testing.assert_allclose(mean[:, 0], right_mean, atol=0.015)
    np.testing.assert_allclose(square[:, 0], right_square, atol=0.01)
    np.testing.assert_allclose(states.shared[0], shared, atol=0.05)


def test_states_of_a_pair_add_up():
    rng = np.random.default_rng(0)
    expected = PairStates(rng.normal(0, 0.3, (4, 50)), np.full((4, 50), 1e-3), PRIOR).expected()
    kept_or_zero = expected["minor"] + expected["wide"]
    np.testing.assert_allclose(kept_or_zero + expected["gained"], 1, rtol=1e-6)
    np.testing.assert_allclose(expected["with"] + expected["without"], 4)


def test_small_group_leans_on_the_others_and_large_group_does_not():
    x = np.array([[0.4, 0.4], [0.4, 0.4], [0.0, 0.0]])
    t = np.array([[1e-3, 1e-3], [1e-3, 1e-3], [0.1, 5e-4]])
    mean, _ = PairStates(x, t, PRIOR).moments()
    assert mean[2, 0] > 0.25  # an estimate of zero with a standard error of .3 does not contradict the others
    assert abs(mean[2, 1]) < 0.03


def test_shared_network_is_the_mean_over_the_cells():
    z, groups, networks = _plant([60, 200, 2000])
    found, shared, _ = _measure(z, groups)
    weights = np.array([60, 200, 2000]) / 2260
    for part in ("effects", "association"):
        mean = np.average(getattr(found, part), axis=0, weights=weights)
        np.testing.assert_allclose(getattr(shared, part), mean, atol=1e-4)
    planted = networks[2] != 0
    assert (shared.signs[planted] == np.sign(networks[2][planted])).mean() > 0.9


def test_independent_differences_of_means_change_no_network():
    z, groups, networks = _plant([300, 400, 500, 300])
    z = np.vstack([z[groups == g] - z[groups == g].mean(0) for g in range(4)])
    groups = np.sort(groups)
    shift = np.random.default_rng(1).standard_normal((4, 40)).astype(np.float32)
    without, _, _ = _measure(z, groups)
    shifted = z + shift[groups]
    found, _, _ = _measure((shifted / shifted.std(0)).astype(np.float32), groups)
    assert found.own_weight > 0.6
    for group, network in enumerate(networks):
        planted = network[:, 8:] != 0
        right = [
            (part.association[group][:, 8:][planted][:, None] > part.association[group][:, 8:][~planted]).mean()
            for part in (found, without)
        ]
        assert right[0] > 0.95 * right[1] > 0.85


def test_groups_beat_their_own_cells_and_the_mean_of_all():
    z, groups, networks = _plant([60, 200, 2000])
    found, _, effects = _measure(z, groups)
    for group, network in enumerate(networks):
        own = z[groups == group]
        own = own - own.mean(0)
        alone = np.linalg.lstsq(own[:, :8], own[:, 8:], rcond=None)[0]
        error = [np.square(part[:, 8:] - network[:, 8:]).mean() for part in (found.effects[group], effects)]
        assert error[0] < 0.9 * error[1]
        assert error[0] < (0.6 if group == 0 else 1.5) * np.square(alone - network[:, 8:]).mean()
    assert found.own_weight > 0.99
    assert np.isfinite(found.association).all()


def test_differences_of_large_groups_are_found():
    z, groups, networks = _plant([1000, 800, 900])
    found, _, _ = _measure(z, groups)
    possible = _possible(8, 40)
    for first, second in ((0, 1), (0, 2), (2, 1)):
        q = q_values(differing(found.states, first, second, np.arange(8)), possible)
        truth = (networks[first] != 0) != (networks[second] != 0)
        assert truth[q <= 0.1].mean() > 0.9
        assert (q[truth] <= 0.1).mean() > 0.6


def test_halves_of_one_group_do_not_differ():
    z, _, _ = _plant([1600])
    found, _, _ = _measure(z, np.random.default_rng(0).integers(0, 2, len(z)))
    assert (q_values(differing(found.states, 0, 1, np.arange(8)), _possible(8, 40)) <= 0.1).sum() == 0
    np.testing.assert_allclose(found.effects[0], found.effects[1], atol=0.12)


def test_differing_is_symmetric_and_shared_by_both_directions():
    shared = np.array([[0.0, 1, 1], [0, 0, 1]], np.float16)
    lost, gained = np.zeros((2, 2, 3), np.float16), np.zeros((2, 2, 3), np.float16)
    lost[0, 0, 2] = 1  # the first group lacks it
    lost[:, 1, 2] = 1  # both lack it
    lost[0, 0, 1], gained[0, 1, 0] = 0.5, 0.5  # one pair of regulators, in both directions
    states = States(shared, np.array([[1, 1, 1], [1, 1, 0.5]], np.float16), lost, gained, np.ones_like(lost))
    p = differing(states, 0, 1, np.array([0, 1]))
    np.testing.assert_array_equal(p, differing(states, 1, 0, np.array([0, 1])))
    np.testing.assert_allclose(p, [[0, 0.25, 1], [0.25, 0, 0]], atol=1e-3)


def test_group_of_a_few_cells_differs_from_no_other():
    z, groups, _ = _plant([1000, 1000, 1000])
    groups[np.flatnonzero(groups == 1)[:8]] = 3
    found, _, _ = _measure(z, groups)
    possible = _possible(8, 40)
    large, few = (
        (q_values(differing(found.states, *pair, np.arange(8)), possible) <= 0.1).sum() for pair in ((0, 1), (1, 3))
    )
    assert large > 10
    assert few < large / 5


def test_q_values():
    p = np.array([[1.0, 0.8, 0.8], [0.5, 0.9, 0.0]])
    possible = np.array([[True, True, True], [True, False, True]])
    right = [[0.0, 0.4 / 3, 0.4 / 3], [0.9 / 4, 1.0, 1.9 / 5]]
    np.testing.assert_allclose(q_values(p, possible), right, rtol=1e-6)


def test_fast_surprisal_is_that_of_ranks():
    rng = np.random.default_rng(0)
    statistic, possible = np.maximum(rng.standard_normal((30, 200)), 0).astype(np.float32), _possible(30, 200)
    np.testing.assert_allclose(approximate_surprisal(statistic, possible), surprisal(statistic, possible), atol=0.02)
    assert not approximate_surprisal(statistic, np.zeros_like(possible)).any()


def test_pooled_correlations():
    z, groups, _ = _plant([60, 300])
    regulators, possible = np.arange(8), _possible(8, 40)
    moments = measure_moments(_blocks(z), groups, groups.max() + 1, regulators, possible, np.zeros((40, 0)))
    none, pooled_mean = np.zeros((2, 8, 40), np.float32), _mean_correlation(moments, regulators)
    own = [np.corrcoef(z[groups == g].T.astype(np.float64))[:8] for g in (0, 1)]
    mean = (60 * own[0] + 300 * own[1]) / 360
    for group, (pooled, n) in enumerate(_correlations(moments, pooled_mean, regulators, possible, none)):
        share = ((pooled - mean) / (own[group] - mean + 1e-12))[possible]
        w = z[groups == group].astype(np.float64)
        w = (w - w.mean(0)) / w.std(0)
        excess = np.maximum(1, np.square(w)[:, :8].T @ np.square(w) / len(w) - 2 * np.square(own[group]))[possible]
        sampling = excess * (1 / moments.n_cells[group] - 1 / 360)
        beyond = (np.square((own[group] - mean)[possible]) - sampling).mean()
        np.testing.assert_allclose(share, beyond / (beyond + sampling), atol=0.02)
        assert moments.n_cells[group] * 0.8 <= n <= 361


def test_candidates_among_many_regulators(monkeypatch):
    z, groups, networks = _plant([300, 500], n_regulators=24, n_genes=80)
    regulators, possible = np.arange(24), _possible(24, 80)
    moments = measure_moments(_blocks(z), groups, groups.max() + 1, regulators, possible, np.zeros((80, 0)))
    arguments = moments, regulators, possible
    start = np.zeros((24, 80), np.float32)
    everyone, _, _ = group_effects(*arguments, start)
    monkeypatch.setattr(_group_effects, "_MOST_CANDIDATES", 14)
    monkeypatch.setattr(_group_effects, "_CHUNK_ENTRIES", 2 * 14**2 * 7)
    some, _, _ = group_effects(*arguments, start)
    assert (np.count_nonzero(some, axis=1) <= 14).all()
    planted = np.abs(networks) > 0
    assert np.corrcoef(some[planted], everyone[planted])[0, 1] > 0.97
    assert (everyone[:, ~possible] == 0).all()


def test_gene_that_a_group_does_not_express():
    z, groups, _ = _plant([100, 400])
    z[groups == 0, 3] = z[groups == 0, 20] = -0.7
    z = (z - z.mean(0)) / z.std(0)
    found, _, _ = _measure(z.astype(np.float32), groups)
    for part in (found.effects, found.association):
        assert np.isfinite(part).all()
    # the regulator is silent, so that the group tells nothing of its effects
    assert np.corrcoef(found.effects[0, 3, 8:], found.effects[1, 3, 8:])[0, 1] > 0.8


def test_no_pair_can_be_an_edge():
    z, groups, _ = _plant([50, 60])
    moments = measure_moments(
        _blocks(z), groups, groups.max() + 1, np.arange(8), np.zeros((8, 40), bool), np.zeros((40, 0))
    )
    effects, states, _ = group_effects(moments, np.arange(8), np.zeros((8, 40), bool), np.zeros((8, 40), np.float32))
    assert not effects.any()
    assert not states.shared.any()
