"""The scalar networks against plain numpy, and their tabulated evaluation against the exact one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from infosem.module._scalar_networks import ScalarNetwork, TabulatedNetwork


def test_scalar_network_is_the_same_function_of_every_entry():
    torch.manual_seed(0)
    network = ScalarNetwork(2, n_hidden=7).double()
    x = torch.randn(3, 4, dtype=torch.float64)
    weights = [p.detach().numpy() for p in network.parameters()]
    w1, b1, w2, b2, w3, b3 = weights
    expected = np.empty((3, 4, 2))
    for i in range(3):
        for j in range(4):
            hidden = np.tanh(w2 @ np.tanh(w1[:, 0] * x[i, j].item() + b1) + b2)
            expected[i, j] = w3 @ hidden + b3
    first, second = network(x)
    np.testing.assert_allclose(first.detach(), expected[..., 0], atol=1e-12)
    np.testing.assert_allclose(second.detach(), expected[..., 1], atol=1e-12)


@pytest.mark.parametrize("spread", [0.05, 1.0, 30.0])
@pytest.mark.parametrize("outlier", [0.0, 1e3])
def test_tabulated_loss_and_gradients_are_those_of_the_exact_network(spread, outlier):
    torch.manual_seed(0)
    network = ScalarNetwork(2, n_hidden=32)
    for parameter in network.parameters():  # trained networks are less smooth than fresh ones
        parameter.data += 0.3 * torch.randn_like(parameter)
    tabulated = TabulatedNetwork(network)
    x = spread * torch.randn(64, 300)
    x[0, 0] += outlier
    target = torch.randn(64, 300)

    def loss_and_gradients(evaluate):
        at = x.clone().requires_grad_()
        mean, log_variance = evaluate(at)
        loss = ((mean - target).square() + log_variance.exp()).mean()
        return loss, torch.autograd.grad(loss, [at, *network.parameters()])

    exact, exact_gradients = loss_and_gradients(network)
    approximate, gradients = loss_and_gradients(tabulated)
    assert 2 * tabulated.n_knots < x.numel(), "the table was not used"
    torch.testing.assert_close(approximate, exact, rtol=1e-5, atol=0)
    for gradient, exact_gradient in zip(gradients, exact_gradients, strict=True):
        assert (gradient - exact_gradient).norm() <= 1e-4 * exact_gradient.norm()


def test_the_grid_refines_itself_and_gives_way_to_the_exact_network():
    network = ScalarNetwork(1, n_hidden=8)
    tabulated = TabulatedNetwork(network)
    with torch.no_grad():
        network.layers[0].weight.mul_(200)
    x = torch.randn(64, 300)
    tabulated(x)
    assert tabulated.n_knots > tabulated.min_knots
    small = torch.randn(4, 10)
    torch.testing.assert_close(tabulated(small)[0], network(small)[0], rtol=0, atol=0)
    tabulated.eval()
    torch.testing.assert_close(tabulated(x)[0], network(x)[0], rtol=0, atol=0)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_constant_batch_can_be_tabulated(value):
    torch.manual_seed(0)
    network = ScalarNetwork(1)
    x = torch.full((64, 100), value)
    torch.testing.assert_close(TabulatedNetwork(network)(x)[0], network(x)[0], rtol=1e-5, atol=1e-6)
