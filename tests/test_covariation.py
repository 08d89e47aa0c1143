"""Patterns, own variation, the latent correlations and their background, against dense float64 algebra."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from infosem.statistics import _covariation
from infosem.statistics._covariation import measure_covariation
from infosem.statistics._second_moments import SecondMoments, covariance_of
from infosem.statistics._surprisal import surprisal


def cells(n, *, noise, seed=0):
    """12 regulators, five genes follow each; what is measured has noise of its own, nothing is shared by all."""
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal((n, 12)) + rng.standard_normal((n, 2)) @ rng.standard_normal((2, 12))
    genes = np.repeat(truth, 5, axis=1) + 0.5 * rng.standard_normal((n, 60))
    x = np.hstack([truth, genes])
    x = x + noise * rng.standard_normal(x.shape)
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32)


def squared_cosine(value, ratio):
    """That between the sample eigenvector of an eigenvalue and the true one, by solving for the true eigenvalue."""
    edge = 1 + np.sqrt(ratio)
    true = optimize.brentq(lambda v: v * (1 + ratio / (v - 1)) - value, edge, value)
    return (1 - ratio / (true - 1) ** 2) / (1 + ratio / (true - 1))


def kappa(n, p):
    """Johnstone's (2001) centre and scale of the largest eigenvalue of white noise: two scales beyond its centre."""
    centre = (np.sqrt(n) + np.sqrt(p)) ** 2
    scale = (np.sqrt(n) + np.sqrt(p)) * (1 / np.sqrt(n) + 1 / np.sqrt(p)) ** (1 / 3)
    return (centre + 2 * scale) / centre


def in_blocks(z, size):
    return lambda: iter([z] if size is None else np.split(z, range(size, len(z), size)))


def measure(z, size=None, n_regulators=12):
    possible = np.ones((n_regulators, z.shape[1]), dtype=bool)
    possible[np.arange(n_regulators), np.arange(n_regulators)] = False
    return measure_covariation(in_blocks(z, size), np.arange(n_regulators), possible)


@pytest.mark.parametrize("size", [None, 37])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_correlations_are_those_of_the_dense_matrices(size, share):
    z = cells(300, noise=1.0)
    genes = np.array([0, 5, 3, 70])
    found = SecondMoments(in_blocks(z, size), *_ordered(in_blocks(z, size), genes), most_patterns=7)
    s = z.astype(np.float64).T @ z / len(z)
    values, vectors = np.linalg.eigh(s)
    k = len(found.values)
    assert 0 < k <= 7
    values, vectors = values[::-1][:k], vectors[:, ::-1][:, :k]
    assert (values > kappa(300, 72) * (1 + np.sqrt(72 / 300)) ** 2).all()
    shrunk = [squared_cosine(value / kappa(300, 72), 72 / 300) for value in values]
    smoother = share * np.eye(72) + (1 - share) * (vectors * shrunk) @ vectors.T
    np.testing.assert_allclose(found.gains(share), (1 - share) * np.array(shrunk), rtol=5e-3)
    np.testing.assert_allclose(found.n_observations(share), 300**share * (sum(shrunk) + 1) ** (1 - share), rtol=5e-3)

    def correlation(covariance):
        sd = np.sqrt(np.diag(covariance))
        return (covariance / sd / sd[:, None])[genes]

    without = s - (vectors * shrunk * values) @ vectors.T
    for matrix, covariance in (
        (found.covariance, s),
        (found.latent(share), smoother @ s @ smoother),
        (found.own(), without),
        (found.shared(), (vectors * values * np.square(shrunk)) @ vectors.T),
    ):
        np.testing.assert_allclose(matrix, correlation(covariance), atol=2e-3)
    np.testing.assert_allclose(found.latent_variance(share), np.diag(smoother @ s @ smoother), rtol=5e-3)


def test_patterns_of_many_genes_are_the_eigenvectors():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((200, 20)) * np.linspace(0.2, 1.5, 20) @ rng.standard_normal((20, 400))
    z = (z + 3 * rng.standard_normal(z.shape)).astype(np.float32)
    z /= z.std(0)
    found = SecondMoments(in_blocks(z, 37), *_ordered(in_blocks(z, 37), np.arange(3), 400), most_patterns=30)
    values, vectors = np.linalg.eigh(z.astype(np.float64).T @ z / len(z))
    k = (values > kappa(200, 400) * (1 + np.sqrt(400 / 200)) ** 2).sum()
    assert 5 < k < 30
    np.testing.assert_allclose(found.values, values[::-1][:k], rtol=1e-4)
    cosines = (found.vectors * vectors[:, ::-1][:, :k]).sum(0)
    np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-3)


def test_noise_has_no_pattern():
    n_patterns = []
    for seed in range(40):
        z = np.random.default_rng(seed).standard_normal((150, 60)).astype(np.float32)
        found = SecondMoments(in_blocks(z, None), *_ordered(in_blocks(z, None), np.arange(3), 60), most_patterns=6)
        n_patterns.append(len(found.values))
    assert sum(n_patterns) <= 2


def _ordered(blocks, genes, n_genes=72):
    n_cells, covariance = covariance_of(blocks, genes, n_genes)
    return n_cells, genes, covariance


def test_association_is_that_of_its_kinds_against_the_background_of_all_genes():
    z = cells(300, noise=1.0)
    found = measure(z)
    effective = np.square((z**2).sum(0)) / (z**4).sum(0)
    weight = np.sqrt(effective / (effective + 3))
    everyone = SecondMoments(in_blocks(z, None), *_ordered(in_blocks(z, None), np.arange(72)), most_patterns=6)
    possible = ~np.eye(72, dtype=bool)[:12]

    def evidence(correlation):
        size = np.abs(correlation * weight * weight[:, None])
        np.fill_diagonal(size, np.nan)
        mean, sd = np.nanmean(size, 0), np.nanstd(size, 0)
        above = [np.maximum(0, (size - mean) / sd), np.maximum(0, (size - mean[:, None]) / sd[:, None])]
        return surprisal(np.hypot(*above)[:12], possible)

    share = found.own_share
    assert 0.05 < share < 0.95
    specific = (1 - share) * evidence(everyone.shared()) + share * evidence(everyone.own())
    expected = (evidence(everyone.covariance) + specific) / 2
    np.testing.assert_allclose(found.association, expected, atol=0.02)
    np.testing.assert_allclose(found.all, (everyone.covariance * weight * weight[:, None])[:12], atol=1e-5)


def test_some_genes_stand_for_the_background_of_many(monkeypatch):
    z = cells(400, noise=0.5)
    of_all = measure(z).association
    monkeypatch.setattr(_covariation, "_N_REFERENCE", 24)
    of_some = measure(z).association
    assert np.abs(of_some - of_all).max() > 0
    assert np.corrcoef(of_some.ravel(), of_all.ravel())[0, 1] > 0.95


def test_a_gene_of_few_cells_has_small_correlations():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 40))
    x[:, 0] = x[:, 1] = 0
    x[:4, 0] = x[:4, 1] = 1.0
    z = ((x - x.mean(0)) / x.std(0)).astype(np.float32)
    found = measure(z)
    assert found.all[0, 1] == pytest.approx(4 / (4 + 3), abs=0.02)
    assert found.all[2, 2] > 0.97


def test_own_variation_counts_where_targets_follow_it_and_not_where_it_is_noise():
    rng = np.random.default_rng(1)
    n = 800
    programmes = rng.standard_normal((n, 3)) @ rng.standard_normal((3, 80))
    measured_well = rng.standard_normal((n, 80))
    followed = measured_well.copy()
    followed[:, 20:] = 0.7 * np.repeat(measured_well[:, :20], 3, axis=1) + 0.7 * measured_well[:, 20:]
    for own, expected in ((followed, 1), (measured_well, 0)):
        x = programmes + own
        z = ((x - x.mean(0)) / x.std(0)).astype(np.float32)
        found = measure(z, n_regulators=20)
        assert found.own_share == pytest.approx(expected, abs=0.2)
        assert (found.n_observations > 400) == bool(expected)


def test_two_cells_and_few_genes_are_no_error():
    z = np.array([[1, -1, 1], [-1, 1, 1]], dtype=np.float32)
    found = measure(z, n_regulators=3)
    assert len(found.gains) == 0
    assert np.isfinite(found.latent).all()


def test_the_cosine_is_that_of_sample_and_true_patterns():
    rng = np.random.default_rng(0)
    true = np.linalg.qr(rng.standard_normal((200, 2)))[0]
    x = rng.standard_normal((500, 200)) + rng.standard_normal((500, 2)) * np.sqrt([8.0, 2.0]) @ true.T
    found = SecondMoments(lambda: [x], 500, np.arange(1), np.zeros((1, 200)), most_patterns=2)
    cosines = np.square(np.sum(found.vectors * true, axis=0))
    np.testing.assert_allclose(found.reliability, cosines, atol=0.05)
