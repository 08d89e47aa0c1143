"""Patterns, own variation and the latent correlations, against dense float64 algebra."""

from __future__ import annotations

import numpy as np
import pytest

from infosem._covariation import measure_covariation


def cells(n, *, noise, seed=0):
    """12 regulators, five genes follow each; what is measured has noise of its own, nothing is shared by all."""
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal((n, 12)) + rng.standard_normal((n, 2)) @ rng.standard_normal((2, 12))
    genes = np.repeat(truth, 5, axis=1) + 0.5 * rng.standard_normal((n, 60))
    x = np.hstack([truth, genes])
    x = x + noise * rng.standard_normal(x.shape)
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32)


def measure(z, size=None):
    blocks = [z] if size is None else np.split(z, range(size, len(z), size))
    return measure_covariation(lambda: iter(blocks), np.arange(12), z.shape[1])


@pytest.mark.parametrize("size", [None, 37])
def test_correlations_are_those_of_the_dense_matrices(size):
    z = cells(300, noise=1.0)
    found = measure(z, size)
    s = z.astype(np.float64).T @ z / len(z)
    values, vectors = np.linalg.eigh(s)
    k = len(found.gains)
    assert k > 0
    values, vectors = values[::-1][:k], vectors[:, ::-1][:, :k]
    assert (values > (1 + np.sqrt(72 / 300)) ** 2).all()
    share, shrunk = found.own_share, 1 - 1 / values
    smoother = share * np.eye(72) + (1 - share) * (vectors * shrunk) @ vectors.T
    np.testing.assert_allclose(found.gains, (1 - share) * shrunk, rtol=1e-3)

    def correlation(covariance):
        sd = np.sqrt(np.diag(covariance))
        return (covariance / sd / sd[:, None])[:12]

    outside = np.eye(72) - vectors @ vectors.T
    for name, covariance in (
        ("all", s),
        ("latent", smoother @ s @ smoother),
        ("own", outside @ s @ outside),
        ("shared", (vectors * values * shrunk**2) @ vectors.T),
    ):
        np.testing.assert_allclose(getattr(found, name), correlation(covariance), atol=2e-3, err_msg=name)
    np.testing.assert_allclose(found.latent_sd, np.sqrt(np.diag(smoother @ s @ smoother)), rtol=1e-3)


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
        found = measure_covariation(lambda z=z: [z], np.arange(20), 80)
        assert found.own_share == pytest.approx(expected, abs=0.2)
        assert (found.n_observations > 400) == bool(expected)


def test_two_cells_and_few_genes_are_no_error():
    z = np.array([[1, -1, 1], [-1, 1, 1]], dtype=np.float32)
    found = measure_covariation(lambda: [z], np.arange(3), 3)
    assert len(found.gains) == 0
    assert np.isfinite(found.latent).all()
