"""The interpolation against numpy's polynomials, with gradients against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from infosem.module._interpolation import Table, _Kernels, _position, _TensorOperations, interpolate


@pytest.fixture
def table():
    torch.manual_seed(0)
    return Table(torch.randn(2, 6, 11, dtype=torch.float64), scale=0.7, low=-2.1, step=0.4)


def points():
    """Inside the table, on the edges of intervals, and a little outside."""
    edges = 0.7 * torch.sinh(-2.1 + 0.4 * torch.arange(12, dtype=torch.float64))
    torch.manual_seed(1)
    return torch.cat([edges[0] + (edges[-1] - edges[0]) * torch.rand(50, dtype=torch.float64), edges[[0, -1]]])


def test_the_value_is_that_of_the_interval_s_polynomial(table):
    x = points()
    values = interpolate(x, table)
    for k, at in enumerate(x.numpy()):
        position = (np.arcsinh(at / 0.7) + 2.1) / 0.4
        interval = int(np.clip(np.floor(position), 0, 10))
        for channel in range(2):
            expected = np.polynomial.polynomial.polyval(position - interval, table.coefficients[channel, :, interval])
            np.testing.assert_allclose(values[channel, k], expected, rtol=1e-9, atol=1e-9)


def test_gradients(table):
    x = points()[:20].reshape(4, 5)
    coefficients = table.coefficients.clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, c: interpolate(x, Table(c, *table[1:])), (x.requires_grad_(), coefficients), eps=1e-7, atol=1e-5
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_kernels_of_the_cpu_do_what_the_tensor_operations_do(table, dtype):
    x = points().to(dtype).reshape(13, 4)
    table = Table(table.coefficients.to(dtype), *table[1:])
    gradient = torch.randn(2, 13, 4, dtype=dtype)
    tolerance = {"rtol": 1e-3, "atol": 1e-3} if dtype == torch.float32 else {"rtol": 1e-9, "atol": 1e-9}
    position = _position(x, *table[1:])
    by_kernel, by_tensors = (
        (*which.evaluate(position, table.coefficients, True), which.accumulate(position, gradient, 11))
        for which in (_Kernels, _TensorOperations)
    )
    torch.testing.assert_close(by_kernel, by_tensors, **tolerance)
