"""Strength of edges: its parts from their formulas, the model's from its parts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.kernel_ridge import KernelRidge

from infosem import InfoSEM, _effect_size
from infosem._effect_size import effect_sizes, smooth_sizes
from infosem._ridge import PENALTY
from infosem._text_likeness import text_likeness

from .conftest import QUIET


@pytest.mark.parametrize("standardise", ["non-zero", "all"])
def test_a_size_is_half_the_edge_and_half_its_regulator_times_the_regulators_spread(cells, standardise):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells, prior="laplace", standardise=standardise)
    model.train(max_epochs=2, **QUIET)
    weights = model.get_adjacency()
    spread = model.module.spread[model.module.regulators]
    sizes = effect_sizes(torch.as_tensor(weights.to_numpy(copy=True)), spread).numpy()
    x = cells.X.toarray().astype(np.float64)
    for i in range(len(weights)):
        values = x[:, i]
        counted = values != 0 if standardise == "non-zero" else np.ones(len(values), dtype=bool)
        expected_spread = np.sqrt(np.sum((values[counted] - values[counted].mean()) ** 2) / len(values))
        others = np.delete(weights.abs().to_numpy()[i], i)
        np.testing.assert_allclose(np.delete(sizes[i], i), expected_spread * (others + others.mean()) / 2, rtol=1e-4)
        assert sizes[i, i] == 0


@pytest.fixture
def few_suffice(monkeypatch):
    monkeypatch.setattr(_effect_size, "MIN_REGULATORS", 2)


@pytest.mark.usefixtures("few_suffice")
def test_smoothing_is_a_kernel_ridge_regression_on_each_set_of_features():
    rng = np.random.default_rng(0)
    sizes = np.exp(rng.standard_normal((12, 5)))
    features = [rng.standard_normal((12, 3)), rng.standard_normal((12, 40))]
    found = smooth_sizes(torch.tensor(sizes), [torch.tensor(feature) for feature in features])
    logs = np.log(sizes)
    centre = logs.mean()
    logs = logs - centre
    for feature in features:
        kernel = 1 + feature @ feature.T
        logs = KernelRidge(alpha=PENALTY, kernel="precomputed").fit(kernel, logs).predict(kernel)
    np.testing.assert_allclose(found, np.exp(centre + logs), rtol=1e-8)


def test_few_regulators_are_left_as_they_are():
    sizes = torch.rand(199, 7)
    assert torch.equal(smooth_sizes(sizes, [torch.rand(199, 3)]), sizes)


@pytest.mark.usefixtures("few_suffice")
def test_pairs_that_cannot_be_edges_stay_zero_and_do_not_count():
    sizes = np.full((4, 6), 2.0)
    sizes[np.arange(4), np.arange(4)] = 0
    found = smooth_sizes(torch.tensor(sizes), [torch.eye(4, dtype=torch.float64)])
    np.testing.assert_allclose(found, sizes)


@pytest.mark.usefixtures("few_suffice")
@pytest.mark.parametrize("prior", ["laplace", "embedding"])
def test_strength_is_smoothed_over_profiles_and_text_and_larger_for_genes_of_like_text(cells, prior):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells, prior=prior)
    model.train(max_epochs=2, **QUIET)
    module = model.module
    sizes = effect_sizes(module.adjacency().weights.detach(), module.spread[module.regulators])
    x = cells.X.toarray()
    u, s, _ = np.linalg.svd(np.corrcoef(x.T)[:6], full_matrices=False)
    profiles = u * np.sqrt(s)
    profiles /= np.sqrt(np.square(profiles).sum(1).mean())
    features = [torch.as_tensor(profiles, dtype=torch.float32)]
    text = 1
    if prior == "embedding":
        embeddings = module.effect_prior.embeddings
        features.append(embeddings[:6])
        text = text_likeness(embeddings, module.profiles, module.regulators).exp()
    np.testing.assert_allclose(model.get_strength(), smooth_sizes(sizes, features) * text, rtol=1e-3)
