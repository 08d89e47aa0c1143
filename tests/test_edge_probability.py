"""Additive edge probabilities against a dense Gaussian process and against what was planted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from infosem import InfoSEM
from infosem._edge_probability import _LOG_VARIANCES, additive_logits

from .conftest import QUIET


def logit(p):
    return np.log(p / (1 - p))


def level_by_gaussian_process(counts, edges, embeddings, overall):
    """The same level in function space: kernel H H^T, best of the grid by the density of the observations."""
    labelled = np.flatnonzero(counts)
    p = 1 / (1 + np.exp(-overall))
    share = (edges[labelled] + 2 * p) / (counts[labelled] + 2)
    observed, error = logit(share), 1 / ((counts[labelled] + 2) * share * (1 - share))
    best = -np.inf
    for log_t in _LOG_VARIANCES:
        for log_s in _LOG_VARIANCES:
            kernel = np.exp(log_s) * embeddings @ embeddings.T + 9
            covariance = kernel[np.ix_(labelled, labelled)] + np.diag(error + np.exp(log_t))
            density = stats.multivariate_normal(np.full(len(labelled), overall), covariance).logpdf(observed)
            density += stats.norm(-1, 2).logpdf([log_t, log_s]).sum()
            if density > best:
                best = density
                mean = overall + kernel[:, labelled] @ np.linalg.solve(covariance, observed - overall)
                own = np.exp(log_t) / (np.exp(log_t) + error)
    mean[labelled] += own * (observed - mean[labelled])
    return mean


@pytest.fixture
def planted():
    """Labels of 14 of 20 regulators and 40 of 60 genes, whose levels are linear in their embeddings."""
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((60, 3))
    regulators = np.arange(0, 60, 3)
    levels = -1 + 1.2 * embeddings[regulators, 0][:, None] + 1.0 * embeddings[:, 1]
    row, column = (grid.ravel() for grid in np.meshgrid(np.arange(14), np.arange(40), indexing="ij"))
    kept = regulators[row] != column
    pairs = np.stack([row[kept], column[kept]])
    is_edge = rng.random(kept.sum()) < 1 / (1 + np.exp(-levels[pairs[0], pairs[1]]))
    return pairs, is_edge, regulators, embeddings, levels


def test_it_is_a_gaussian_process_of_the_levels(planted):
    pairs, is_edge, regulators, embeddings, _ = planted
    overall = logit(is_edge.mean())
    found = additive_logits(pairs, is_edge, regulators, embeddings)
    levels = [
        level_by_gaussian_process(np.bincount(gene, minlength=n), np.bincount(gene, is_edge, n), h, overall)
        for gene, n, h in ((pairs[0], 20, embeddings[regulators]), (pairs[1], 60, embeddings))
    ]
    expected = levels[0][:, None] + levels[1] - overall
    expected[tuple(pairs)] = np.where(is_edge, 1, -1) * logit(0.95)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_labels_speak_to_genes_without_labels(planted):
    pairs, is_edge, regulators, embeddings, levels = planted
    found = additive_logits(pairs, is_edge, regulators, embeddings)[14:, 40:]
    assert np.corrcoef(found.ravel(), levels[14:, 40:].ravel())[0, 1] > 0.9
    slope, _ = np.polyfit(found.ravel(), levels[14:, 40:].ravel(), 1)
    assert 0.7 < slope < 1.5  # calibrated


def test_text_that_tells_nothing_says_nothing_of_genes_without_labels(planted):
    pairs, is_edge, regulators, _, _ = planted
    noise = np.random.default_rng(1).standard_normal((60, 3))
    found = additive_logits(pairs, is_edge, regulators, noise)[14:, 40:]
    informed = additive_logits(*planted[:4])[14:, 40:]
    assert found.std() < 0.4 * informed.std()


def test_without_text_genes_without_labels_have_the_average(planted):
    pairs, is_edge, regulators, _, _ = planted
    found = additive_logits(pairs, is_edge, regulators, np.zeros((60, 0)))
    assert np.ptp(found[14:, 40:]) < 1e-9
    assert np.ptp(found[:14, 40:]) > 1  # a regulator's own labels count


@pytest.mark.parametrize("value", [True, False])
def test_labels_of_one_kind_tell_nothing_of_other_pairs(planted, value):
    pairs, is_edge, regulators, embeddings, _ = planted
    found = additive_logits(pairs, np.full_like(is_edge, value), regulators, embeddings)
    np.testing.assert_allclose(found[tuple(pairs)], (1 if value else -1) * logit(0.95))
    found[tuple(pairs)] = 0
    assert not found.any()


@pytest.mark.parametrize("prior", ["interactions", "embedding+interactions"])
def test_a_model_multiplies_their_square_to_the_size_of_the_effect(cells, prior):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells, prior=prior)
    model.train(max_epochs=2, **QUIET)
    other = InfoSEM(cells, prior="embedding" if "embedding" in prior else "laplace")
    other.train(max_epochs=2, **QUIET)
    np.testing.assert_allclose(model.get_adjacency(), other.get_adjacency(), rtol=1e-5)
    np.testing.assert_allclose(model.get_strength(), other.get_strength() * model.get_probabilities() ** 2, rtol=1e-5)
    known = model.get_known_interactions().to_numpy()
    probability = model.get_probabilities().to_numpy()
    np.testing.assert_allclose(probability[known == 1], 0.95, rtol=1e-5)
    np.testing.assert_allclose(probability[known == -1], 0.05, rtol=1e-5)
