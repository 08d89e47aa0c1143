"""Likeness of texts, from its formula and from what it is for."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import Ridge

from infosem.scores._completed_text import completed_text
from infosem.scores._ridge import PENALTY, ridge_predictions


def test_ridge_predictions_are_those_of_scikit_learn_without_an_exempt_constant():
    rng = np.random.default_rng(0)
    features, values = rng.standard_normal((9, 4)), rng.standard_normal((9, 3))
    observed = rng.random(9) < 0.7
    design = np.column_stack([np.ones(9), features])
    expected = Ridge(PENALTY, fit_intercept=False).fit(design[observed], values[observed]).predict(design)
    found = ridge_predictions(torch.tensor(features), torch.tensor(values), torch.tensor(observed))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    everywhere = Ridge(PENALTY, fit_intercept=False).fit(design, values).predict(design)
    np.testing.assert_allclose(ridge_predictions(torch.tensor(features), torch.tensor(values)), everywhere, rtol=1e-10)


def _likeness(text, profiles, regulators):
    completed = completed_text(torch.tensor(text), torch.tensor(profiles))
    return (completed[regulators] @ completed.T).numpy()


def test_likeness_is_the_product_of_texts_completed_by_those_of_genes_expressed_alike():
    rng = np.random.default_rng(1)
    text, profiles = rng.standard_normal((8, 5)) * rng.uniform(0.1, 10, (8, 1)), rng.standard_normal((8, 3))
    text[2] = 0
    regulators = [0, 2, 5]
    design = np.column_stack([np.ones(8), profiles])
    others = np.delete(np.arange(8), 2)
    completed = text + Ridge(PENALTY, fit_intercept=False).fit(design[others], text[others]).predict(design)
    completed = np.array([row / max(np.linalg.norm(row), 1) for row in completed])
    found = _likeness(text, profiles, regulators)
    np.testing.assert_allclose(found, completed[regulators] @ completed.T, rtol=1e-9, atol=1e-12)


def test_a_gene_without_text_is_like_the_regulators_whose_targets_it_is_expressed_with():
    """Two programmes of ten genes, each with a text of its own; gene 9 has none, and is expressed with the first."""
    programme = np.repeat([0, 1], 10)
    text, profiles = np.eye(2)[programme] - 0.5, np.eye(2)[programme]
    text[9] = 0
    found = _likeness(text, profiles, [0, 10])
    assert found[0, 9] > 0 > found[1, 9]
    assert found[0, 9] < found[0, 1]
