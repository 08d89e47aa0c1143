"""A tabulated scalar function, interpolated with its gradients."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.autograd.function import once_differentiable

_N_POWERS = 6


class Table(NamedTuple):
    r"""A piecewise polynomial in :math:`t = \mathrm{asinh}(x / s)`, of :math:`I` intervals and :math:`C` channels.

    Attributes
    ----------
    coefficients
        Of the powers 0 to 5 of the position within an interval, between 0 and 1: ``(I, C, 6)``.
    scale
        :math:`s`.
    low, step
        The intervals start at ``low``, ``low + step``, ...; the outer two reach to infinity.
    """

    coefficients: Tensor
    scale: float
    low: float
    step: float


def interpolate(x: Tensor, table: Table) -> Tensor:
    """Value of the table at every entry of ``x``, ``(C, *x.shape)``, differentiable in ``x`` and the coefficients."""
    values: Tensor = _Interpolation.apply(x, *table)
    return values


class _Interpolation(torch.autograd.Function):
    """The slope costs one Horner scheme more beside the value; autograd's way through it costs many times that."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, coefficients: Tensor, scale: float, low: float, step: float) -> Tensor:
        by_kernel = x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64)
        ctx.implementation = _Kernels if by_kernel else _TensorOperations
        ctx.grid = (scale, low, step)
        values, slopes = ctx.implementation.evaluate(x, Table(coefficients, *ctx.grid), ctx.needs_input_grad[0])
        ctx.save_for_backward(slopes, *((x, coefficients) if ctx.needs_input_grad[1] else (None, None)))
        return values

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        slopes, x, coefficients = ctx.saved_tensors
        of_x = None if slopes is None else torch.linalg.vecdot(gradient, slopes, dim=0)
        of_coefficients = None
        if x is not None:
            of_coefficients = ctx.implementation.accumulate(x, Table(coefficients, *ctx.grid), gradient)
        return of_x, of_coefficients, None, None, None


class _TensorOperations:
    """On any device."""

    @staticmethod
    def evaluate(x: Tensor, table: Table, with_slopes: bool) -> tuple[Tensor, Tensor | None]:
        interval, u, slope_of_u = _TensorOperations._position(x, table)
        local = table.coefficients.flatten(1).T.index_select(1, interval).view(-1, _N_POWERS, *x.shape)
        values = local[:, -1]
        slopes = torch.zeros_like(values) if with_slopes else None
        for power in range(_N_POWERS - 2, -1, -1):
            if slopes is not None:
                slopes = torch.addcmul(values, slopes, u)
            values = torch.addcmul(local[:, power], values, u)
        return values, None if slopes is None else slopes.mul_(slope_of_u)

    @staticmethod
    def accumulate(x: Tensor, table: Table, gradient: Tensor) -> Tensor:
        interval, u, _ = _TensorOperations._position(x, table)
        n_intervals, n_channels, _ = table.coefficients.shape
        total = gradient.new_zeros(_N_POWERS, n_channels, n_intervals)
        where = interval.expand(n_channels, -1)
        for power in range(_N_POWERS):
            total[power].scatter_add_(1, where, gradient.flatten(1))
            gradient = gradient * u
        return total.permute(2, 1, 0)

    @staticmethod
    def _position(x: Tensor, table: Table) -> tuple[Tensor, Tensor, Tensor]:
        """Interval of every entry, flat; position within it; and the derivative of that."""
        scaled = x / table.scale
        position = (torch.asinh(scaled) - table.low) / table.step
        interval = position.floor().clamp_(0, len(table.coefficients) - 1)
        slope = (scaled.square() + 1).sqrt_().mul_(table.scale * table.step).reciprocal_()
        return interval.flatten().long(), position.sub_(interval), slope


class _Kernels:
    """On a CPU: one pass over the entries instead of one for every operation."""

    @staticmethod
    def evaluate(x: Tensor, table: Table, with_slopes: bool) -> tuple[Tensor, Tensor | None]:
        n_channels = table.coefficients.shape[1]
        values = x.new_empty(n_channels, x.numel())
        slopes = x.new_empty(n_channels, x.numel() if with_slopes else 0)
        _evaluate(*_arguments(x, table), values.numpy(), slopes.numpy())
        return values.view(-1, *x.shape), slopes.view(-1, *x.shape) if with_slopes else None

    @staticmethod
    def accumulate(x: Tensor, table: Table, gradient: Tensor) -> Tensor:
        of_values = gradient.reshape(len(gradient), -1).contiguous().numpy()
        sums = np.zeros(table.coefficients.shape)
        _accumulate(*_arguments(x, table), of_values, sums)
        return torch.as_tensor(sums).to(x.dtype)


def _arguments(x: Tensor, table: Table) -> tuple[np.ndarray, np.ndarray, tuple[Any, ...]]:
    entries = x.detach().contiguous().view(-1).numpy()
    # all in the precision of x, since numba would compute in double precision with one number that is
    grid = np.array([1 / table.scale, table.low, 1 / table.step, len(table.coefficients) - 1, 0, 1], entries.dtype)
    return entries, table.coefficients.detach().contiguous().numpy(), tuple(grid)


@njit(inline="always")
def _position(x, grid):  # type: ignore[no-untyped-def]
    inverse_scale, low, inverse_step, last, zero, one = grid
    scaled = x * inverse_scale
    root = np.sqrt(scaled * scaled + one)
    t = np.log(np.abs(scaled) + root)
    position = ((t if scaled > zero else -t) - low) * inverse_step
    interval = min(max(np.floor(position), zero), last)
    return np.int64(interval), position - interval, inverse_scale * inverse_step / root


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def _evaluate(x, coefficients, grid, values, slopes):  # type: ignore[no-untyped-def]
    n_channels = coefficients.shape[1]
    with_slopes = slopes.shape[1] > 0
    for k in range(len(x)):
        interval, u, slope_of_u = _position(x[k], grid)
        for channel in range(n_channels):
            value, slope = coefficients[interval, channel, _N_POWERS - 1], grid[4]
            for power in range(_N_POWERS - 2, -1, -1):
                slope = slope * u + value
                value = value * u + coefficients[interval, channel, power]
            values[channel, k] = value
            if with_slopes:
                slopes[channel, k] = slope * slope_of_u


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def _accumulate(x, coefficients, grid, gradient, sums):  # type: ignore[no-untyped-def]
    n_channels = coefficients.shape[1]
    for k in range(len(x)):
        interval, u, _ = _position(x[k], grid)
        for channel in range(n_channels):
            term = gradient[channel, k]
            for power in range(_N_POWERS):
                sums[interval, channel, power] += term
                term = term * u
