"""Covariation within groups, in double precision, and what the means of the groups tell."""

import numpy as np
import pytest

from infosem.statistics._group_moments import _of_means, measure_moments

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


def test_means_inform_only_if_they_go_together():
    rng = np.random.default_rng(2)
    n_cells, possible = np.full(6, 200.0), _possible(20, 100)
    independent = rng.standard_normal((6, 100))
    together = rng.standard_normal((6, 2)) @ rng.standard_normal((2, 100)) + 0.5 * independent
    regulators = np.arange(20)
    assert not _of_means(independent, n_cells, regulators, possible)[1]
    assert _of_means(together, n_cells, regulators, possible)[1]
    assert not _of_means(0.01 * together, n_cells, regulators, possible)[1]
    assert not _of_means(np.zeros((6, 100)), n_cells, regulators, possible)[1]


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
