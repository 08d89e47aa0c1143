"""Interpolation of a tabulated scalar function, with gradients."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from infosem.module._compiled import compiled

_N_POWERS = 6
_N_SUMS = 512
"""Largest number of partial sums for the gradient of one coefficient. GPU threads that add to the same address wait for
each other. With thousands of entries per interval, a single sum takes ten times as long."""


class Table(NamedTuple):
    r"""Piecewise polynomial in :math:`t = \mathrm{asinh}(x / s)`, with :math:`I` intervals and :math:`C` channels.

    Attributes
    ----------
    coefficients
        Coefficients of the powers 0 to 5 of the position within an interval, ``(C, 6, I)``. The position lies between 0
        and 1.
    scale
        Scale :math:`s` of the argument.
    low, step
        Start of the first interval and length of the intervals. The two outer intervals extend to infinity.
    """

    coefficients: Tensor
    scale: float
    low: float
    step: float


def interpolate(x: Tensor, table: Table) -> Tensor:
    """Evaluate the table at every entry of ``x``, differentiable in ``x`` and the coefficients.

    Returns
    -------
    Values, ``(C, *x.shape)``.
    """
    values: Tensor = _Interpolation.apply(x, *table)
    return values


class _Interpolation(torch.autograd.Function):
    """Value and slope from one Horner scheme each, which is many times faster than autograd through the polynomial."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, coefficients: Tensor, scale: float, low: float, step: float) -> Tensor:
        by_kernel = x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64)
        ctx.implementation = _Kernels if by_kernel else _TensorOperations
        ctx.n_intervals = coefficients.shape[-1]
        of_x, of_coefficients = ctx.needs_input_grad[:2]
        position = _position(x, scale, low, step)
        values, slopes = ctx.implementation.evaluate(position, coefficients, of_x)
        if slopes is not None:
            slopes *= _stretch(x, scale, step)
        ctx.save_for_backward(slopes, position if of_coefficients else None)
        return values

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        slopes, position = ctx.saved_tensors
        of_x = None if slopes is None else torch.linalg.vecdot(gradient, slopes, dim=0)
        of_coefficients = None
        if position is not None:
            of_coefficients = ctx.implementation.accumulate(position, gradient, ctx.n_intervals)
        return of_x, of_coefficients, None, None, None


def _position(x: Tensor, scale: float, low: float, step: float) -> Tensor:
    """Return the position along the intervals, in units of their length."""
    size = x.abs().div_(scale)
    # torch.asinh and torch.copysign are not vectorised, and would take longer than everything else here
    t = size.square().add_(1).sqrt_().add_(size).log_()
    return t.mul_(x.sign()).sub_(low).div_(step)


def _stretch(x: Tensor, scale: float, step: float) -> Tensor:
    """Return the derivative of the position."""
    return x.square().add_(scale**2).rsqrt_().div_(step)


class _TensorOperations:
    """Implementation in torch operations, for any device."""

    @staticmethod
    def evaluate(position: Tensor, coefficients: Tensor, with_slopes: bool) -> tuple[Tensor, Tensor | None]:
        interval, u = _TensorOperations._split(position, coefficients.shape[-1])
        local = coefficients.flatten(0, 1).index_select(1, interval).view(-1, _N_POWERS, *position.shape)
        values = local[:, -1]
        slopes = torch.zeros_like(values) if with_slopes else None
        for power in range(_N_POWERS - 2, -1, -1):
            if slopes is not None:
                slopes = torch.addcmul(values, slopes, u)
            values = torch.addcmul(local[:, power], values, u)
        return values, slopes

    @staticmethod
    def accumulate(position: Tensor, gradient: Tensor, n_intervals: int) -> Tensor:
        interval, u = _TensorOperations._split(position, n_intervals)
        powers = [gradient.flatten(1)]
        for _ in range(_N_POWERS - 1):
            powers.append(powers[-1] * u.flatten())
        n_sums = max(1, min(_N_SUMS, len(interval) // n_intervals))
        where = interval + n_intervals * (torch.arange(len(interval), device=interval.device) % n_sums)
        sums = gradient.new_zeros(_N_POWERS, len(gradient), n_sums * n_intervals)
        sums.scatter_add_(2, where.expand(*sums.shape[:2], -1), torch.stack(powers))
        return sums.unflatten(2, (n_sums, n_intervals)).sum(2).transpose(0, 1)

    @staticmethod
    def _split(position: Tensor, n_intervals: int) -> tuple[Tensor, Tensor]:
        """Return the interval of every entry, flattened, and the position within it."""
        interval = position.floor().clamp_(0, n_intervals - 1)
        return interval.flatten().long(), position - interval


class _Kernels:
    """Implementation for CPUs, which needs one pass over the entries instead of one per operation."""

    @staticmethod
    def evaluate(position: Tensor, coefficients: Tensor, with_slopes: bool) -> tuple[Tensor, Tensor | None]:
        n_channels = len(coefficients)
        values = position.new_empty(n_channels, position.numel())
        slopes = position.new_empty(n_channels, position.numel() if with_slopes else 0)
        _evaluate(_flat(position), coefficients.detach().contiguous().numpy(), values.numpy(), slopes.numpy())
        return values.view(-1, *position.shape), slopes.view(-1, *position.shape) if with_slopes else None

    @staticmethod
    def accumulate(position: Tensor, gradient: Tensor, n_intervals: int) -> Tensor:
        sums = np.zeros((n_intervals, len(gradient), _N_POWERS))
        _accumulate(_flat(position), gradient.flatten(1).contiguous().numpy(), sums)
        return torch.as_tensor(sums).to(position.dtype).permute(1, 2, 0)


def _flat(values: Tensor) -> np.ndarray:
    return values.detach().contiguous().view(-1).numpy()


@compiled(nogil=True, error_model="numpy", fastmath={"contract"})
def _evaluate(position, coefficients, values, slopes):  # type: ignore[no-untyped-def]
    # constants in the precision of the position, as one double would make numba compute everything in double precision
    zero, last = position.dtype.type(0), position.dtype.type(coefficients.shape[-1] - 1)
    for channel in range(len(coefficients)):
        # one row per power lets the compiler vectorise the loop
        of_channel, value_of, slope_of = coefficients[channel], values[channel], slopes[channel]
        with_slopes = len(slope_of) > 0
        for k in range(len(position)):
            interval = np.int32(min(max(position[k], zero), last))
            u = position[k] - position.dtype.type(interval)
            value, slope = of_channel[_N_POWERS - 1, interval], zero
            for power in range(_N_POWERS - 2, -1, -1):
                slope = slope * u + value
                value = value * u + of_channel[power, interval]
            value_of[k] = value
            if with_slopes:
                slope_of[k] = slope


@compiled(nogil=True, error_model="numpy", fastmath={"contract"})
def _accumulate(position, gradient, sums):  # type: ignore[no-untyped-def]
    zero, last = position.dtype.type(0), position.dtype.type(len(sums) - 1)
    for k in range(len(position)):
        interval = np.int32(min(max(position[k], zero), last))
        u = position[k] - position.dtype.type(interval)
        for channel in range(len(gradient)):
            term = gradient[channel, k]
            for power in range(_N_POWERS):
                sums[interval, channel, power] += term
                term = term * u
