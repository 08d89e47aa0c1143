"""The SEM layer against dense float64 matrices of all genes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from infosem.module._sem import propagate_effects, remove_effects


def dense(adjacency, regulators, n_genes):
    full = np.zeros((n_genes, n_genes))
    full[regulators] = adjacency
    return np.eye(n_genes) - full


@pytest.mark.parametrize(
    ("n_genes", "regulators"), [(5, [0, 1, 2, 3, 4]), (20, [3, 7, 19]), (60, list(range(0, 60, 4)))]
)
@pytest.mark.parametrize("n_cells", [1, 8, 100])
def test_both_directions_are_those_of_the_dense_matrix(n_genes, regulators, n_cells):
    rng = np.random.default_rng(0)
    adjacency = rng.normal(size=(len(regulators), n_genes))
    adjacency[np.arange(len(regulators)), regulators] = 0
    x = rng.normal(size=(n_cells, n_genes))
    matrix = dense(adjacency, regulators, n_genes)
    arguments = (torch.tensor(x), torch.tensor(adjacency), torch.tensor(regulators))
    np.testing.assert_allclose(remove_effects(*arguments), x @ matrix, atol=1e-10)
    np.testing.assert_allclose(propagate_effects(*arguments), x @ np.linalg.inv(matrix), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("n_genes", [5, 10, 20])
def test_the_nearly_singular_start_of_deepsem(n_genes):
    """At total effect one, I - A has a singular value near zero; the solution must still solve the equations."""
    rng = np.random.default_rng(0)
    adjacency = 1 / (n_genes - 1) + rng.uniform(0, 2e-4, (n_genes, n_genes))
    np.fill_diagonal(adjacency, 0)
    z = rng.normal(size=(30, n_genes))
    assert np.linalg.svd(np.eye(n_genes) - adjacency, compute_uv=False)[-1] < 0.01
    h = propagate_effects(torch.tensor(z), torch.tensor(adjacency), torch.arange(n_genes)).numpy()
    np.testing.assert_allclose(h - h @ adjacency, z, atol=1e-9)


def test_gradients():
    rng = np.random.default_rng(0)
    regulators = torch.tensor([1, 4])
    z = torch.tensor(rng.normal(size=(3, 6)), requires_grad=True)
    adjacency = torch.tensor(rng.normal(size=(2, 6)), requires_grad=True)
    assert torch.autograd.gradcheck(lambda z, a: propagate_effects(z, a, regulators), (z, adjacency))
    assert torch.autograd.gradcheck(lambda z, a: remove_effects(z, a, regulators), (z, adjacency))
