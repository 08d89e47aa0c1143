"""Edge probabilities against a dense Gaussian process and against what was planted."""

from __future__ import annotations

import numpy as np
import pytest

from infosem import InfoSEM
from infosem.scores._kernel_edges import edge_logits

from .conftest import KNOWLEDGE, QUIET


def logit(p):
    return np.log(p / (1 - p))


@pytest.fixture
def planted():
    """Labels of 14 of 20 regulators and 40 of 60 genes, a fifth hidden; odds go with products of traits."""
    rng = np.random.default_rng(0)
    embeddings, profiles = rng.standard_normal((60, 3)) / np.sqrt(3), rng.standard_normal((60, 2)) / np.sqrt(2)
    regulators = np.arange(0, 60, 3)
    traits = embeddings[regulators, :2], np.column_stack([embeddings[:, 0], profiles[:, 1]])
    levels = -1 + 1.5 * embeddings[regulators, 2][:, None] + 4 * traits[0] @ traits[1].T
    row, column = (grid.ravel() for grid in np.meshgrid(np.arange(14), np.arange(40), indexing="ij"))
    kept = (regulators[row] != column) & (rng.random(len(row)) < 0.8)
    pairs = np.stack([row[kept], column[kept]])
    is_edge = rng.random(kept.sum()) < 1 / (1 + np.exp(-levels[pairs[0], pairs[1]]))
    return pairs, is_edge, regulators, embeddings, profiles, levels


def dense_probability(pairs, is_edge, regulators, embeddings, profiles):
    """Mean of the same process in function space, from the covariance of all pairs."""
    text, likeness = embeddings @ embeddings.T, profiles @ profiles.T
    if embeddings.any():
        likeness = (text + likeness) / 2
    by_regulator = 1 + text[np.ix_(regulators, regulators)] + np.eye(len(regulators))
    by_target = 1 + likeness + np.eye(len(text))
    covariance = np.kron(by_regulator, by_target)
    observed = pairs[0] * len(text) + pairs[1]
    rate = is_edge.mean()
    y = (is_edge - rate) / np.sqrt(rate * (1 - rate))
    noisy = covariance[np.ix_(observed, observed)] + 10 * np.eye(len(y))
    mean = covariance[:, observed] @ np.linalg.solve(noisy, y)
    return rate + np.sqrt(rate * (1 - rate)) * mean.reshape(len(regulators), -1)


@pytest.mark.parametrize("width", [3, 0])
def test_it_is_the_mean_of_a_gaussian_process(planted, width):
    pairs, is_edge, regulators, embeddings, profiles, _ = planted
    found = 1 / (1 + np.exp(-edge_logits(pairs, is_edge, regulators, embeddings[:, :width], profiles)))
    expected = dense_probability(pairs, is_edge, regulators, embeddings[:, :width], profiles)
    expected[tuple(pairs)] = np.where(is_edge, 0.95, 0.05)
    inside = (expected > 0.2 * is_edge.mean()) & (expected < 0.95)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(found[inside], expected[inside], atol=2e-4)
    # beyond, in the same order and short of zero and one
    beyond = expected < 0.2 * is_edge.mean()
    beyond[tuple(pairs)] = False
    assert (np.diff(found[beyond][np.argsort(expected[beyond])]) >= -1e-6).all()
    assert 0 < found.min() < found.max() < 1


def test_labels_speak_to_genes_without_labels(planted):
    *data, levels = planted
    found = edge_logits(*data)[14:, 40:]
    assert np.corrcoef(found.ravel(), levels[14:, 40:].ravel())[0, 1] > 0.6
    # not of regulators and targets one by one only: what is left without their means
    centred = [m - m.mean(0) - m.mean(1, keepdims=True) for m in (found, levels[14:, 40:])]
    assert np.corrcoef(centred[0].ravel(), centred[1].ravel())[0, 1] > 0.5


def test_text_that_tells_nothing_says_little_of_regulators_without_labels(planted):
    pairs, is_edge, regulators, embeddings, profiles, levels = planted
    noise = np.random.default_rng(1).standard_normal(embeddings.shape) / np.sqrt(3)
    found = edge_logits(pairs, is_edge, regulators, noise, profiles)[14:, 40:]
    assert abs(np.corrcoef(found.mean(1), levels[14:, 40:].mean(1))[0, 1]) < 0.5


def test_without_text_regulators_without_labels_are_all_the_same(planted):
    pairs, is_edge, regulators, _, profiles, _ = planted
    found = edge_logits(pairs, is_edge, regulators, np.zeros((60, 0)), profiles)
    assert np.ptp(found[14:], axis=0).max() < 1e-9
    assert np.ptp(found[14, 40:]) > 0.1  # the profiles of the targets count


@pytest.mark.parametrize("value", [True, False])
def test_labels_of_one_kind_tell_nothing_of_other_pairs(planted, value):
    pairs, is_edge, *genes, _ = planted
    found = edge_logits(pairs, np.full_like(is_edge, value), *genes)
    np.testing.assert_allclose(found[tuple(pairs)], (1 if value else -1) * logit(0.95))
    found[tuple(pairs)] = 0
    assert not found.any()


@pytest.mark.parametrize(("knows", "without"), [("interactions", "nothing"), ("text and interactions", "text")])
def test_a_model_adds_their_logarithms_to_its_evidence(cells, knows, without):
    def fit(knows):
        adata = cells.copy()
        InfoSEM.setup_anndata(adata, **KNOWLEDGE[knows])
        model = InfoSEM(adata)
        model.train(max_epochs=2, **QUIET)
        return model

    model, other = fit(knows), fit(without)
    np.testing.assert_allclose(model.get_adjacency(), other.get_adjacency(), rtol=1e-5)
    evidence, without = model.get_evidence(), other.get_evidence()
    worth = np.nanmedian(evidence["direct"].to_numpy() / without["direct"].replace(0, np.nan).to_numpy())
    for name, part in without.items():
        np.testing.assert_allclose(evidence[name], worth * part, rtol=1e-4, atol=1e-6)
    known = model.get_known_interactions().to_numpy()
    rate = (known == 1).sum() / (known != 0).sum()
    there = model.get_strength().to_numpy() > 0
    probability = model.get_probabilities().to_numpy()
    np.testing.assert_allclose(
        evidence["interactions"].to_numpy()[there], np.log(probability / rate)[there], rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(probability[known == 1], 0.95, rtol=1e-5)
    np.testing.assert_allclose(probability[known == -1], 0.05, rtol=1e-5)


def test_pairs_that_labels_of_one_kind_do_not_reach_have_no_probability(cells):
    known = cells.varp["known_interactions"]
    known.data[known.data < 0] = 0
    known.eliminate_zeros()
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells)
    model.train(max_epochs=1, **QUIET)
    probability, labels = model.get_probabilities().to_numpy(), model.get_known_interactions().to_numpy()
    assert np.isnan(probability[labels == 0]).all()
    np.testing.assert_allclose(probability[labels == 1], 0.95, rtol=1e-5)
    assert np.isfinite(model.get_edges()["weight"]).all()
