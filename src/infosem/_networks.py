"""The scalar encoder and decoder that all genes share, and their tabulated evaluation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

_NODES = torch.arange(-2.0, 4.0, dtype=torch.float64)
"""The six knots that an interpolated point uses, in units of their spacing: it lies between 0 and 1."""


class ScalarNetwork(nn.Module):
    r"""A multilayer perceptron of one scalar, applied to every entry of a tensor.

    .. math:: f(x) = W_3 \tanh(W_2 \tanh(w_1 x + b_1) + b_2) + b_3, \qquad f: \mathbb{R} \to \mathbb{R}^C

    The same weights serve every gene and every cell, as in DeepSEM (Shu et al. 2021). Xavier-normal weights,
    zero biases.

    Parameters
    ----------
    n_outputs
        Number of output channels :math:`C`.
    n_hidden
        Width of both hidden layers.
    """

    def __init__(self, n_outputs: int, *, n_hidden: int = 128) -> None:
        super().__init__()
        self.n_outputs = n_outputs
        self.layers = nn.Sequential(
            nn.Linear(1, n_hidden),
            nn.Tanh(),
            nn.Linear(n_hidden, n_hidden),
            nn.Tanh(),
            nn.Linear(n_hidden, n_outputs),
        )
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_normal_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Evaluate the network at every entry of ``x``; returns ``n_outputs`` tensors of the shape of ``x``."""
        return tuple(self.layers(x.reshape(-1, 1)).reshape(*x.shape, self.n_outputs).unbind(-1))


class TabulatedNetwork(nn.Module):
    r"""A :class:`ScalarNetwork` evaluated on a grid over the batch's own range and interpolated.

    A batch needs the network at :math:`B \times G` points of one scalar function, so :math:`K \ll BG` evaluations
    suffice. The knots are equally spaced in :math:`t = \mathrm{asinh}(x / s)`, with :math:`s` the mean :math:`|x|`:
    dense where the values are, and no worse for a few far ones, where tanh networks vary on the scale of their
    argument. Between knots stands the polynomial of degree five through the nearest six; its error falls with the sixth
    power of their spacing. Gradients reach both the network's weights and ``x``. The knots are evaluated in double
    precision (where the device has it), so that rounding does not enter the slope of the interpolant.

    The number of knots is doubled until the exact network, evaluated half-way between the knots, agrees with the
    interpolant to ``tolerance`` of its own spread. Where that would take as many evaluations as the batch has
    entries, and outside training, the exact network is used.

    Parameters
    ----------
    network
        The network to tabulate. It is shared, not copied.
    tolerance
        Largest error of the interpolant, relative to the network's standard deviation over the grid.
    """

    min_knots = 128

    def __init__(self, network: ScalarNetwork, *, tolerance: float = 1e-6) -> None:
        super().__init__()
        self.network = network
        self.tolerance = tolerance
        self.n_knots = self.min_knots

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Interpolate the network at every entry of ``x``; returns ``n_outputs`` tensors of the shape of ``x``."""
        if not self.training:
            return self.network(x)
        precise = torch.float32 if x.device.type == "mps" else torch.float64
        network = self._in_precision(precise)
        tiny = torch.finfo(x.dtype).tiny * 1e6
        scale = x.detach().abs().mean().clamp_min(tiny)
        t = torch.asinh(x / scale)
        low, high = (bound.to(precise) for bound in t.detach().aminmax())
        while 2 * self.n_knots < x.numel():
            # the first and the last two knots lie outside, so that every point has three on either side
            step = (high - low).clamp_min(1e-6) / (self.n_knots - 5)
            knots = low + step * torch.arange(-2, self.n_knots - 2, device=x.device, dtype=precise)
            values = network(scale * torch.sinh(knots))
            coefficients = values.unfold(0, len(_NODES), 1) @ _lagrange_basis(values)
            with torch.no_grad():
                exact = network(scale * torch.sinh(knots[2:-3] + step / 2))
                halfway = coefficients @ 0.5 ** torch.arange(len(_NODES), device=x.device, dtype=precise)
                error = (halfway - exact).abs().amax(0)
                allowed = self.tolerance * exact.std(0) + 64 * torch.finfo(precise).eps * exact.abs().amax(0)
            if bool((error <= allowed).all()):
                return self._interpolate(coefficients.to(x.dtype), (t - low.to(x.dtype)) / step.to(x.dtype))
            self.n_knots *= 2
        self.n_knots = self.min_knots
        return self.network(x)

    def _in_precision(self, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
        """The network at the given precision, from ``(K,)`` to ``(K, C)``."""
        parameters = {name: p.to(dtype) for name, p in self.network.named_parameters()}
        return lambda x: torch.stack(functional_call(self.network, parameters, (x,)), dim=1)

    def _interpolate(self, coefficients: Tensor, position: Tensor) -> tuple[Tensor, ...]:
        interval = position.detach().floor().clamp_(0, coefficients.shape[0] - 1).long()
        u = (position - interval).unsqueeze(-1)
        local = coefficients.flatten(1).index_select(0, interval.flatten())
        *powers, value = local.reshape(*position.shape, *coefficients.shape[1:]).unbind(-1)
        for coefficient in reversed(powers):
            value = value * u + coefficient
        return tuple(value.unbind(-1))


def _lagrange_basis(like: Tensor) -> Tensor:
    """Column ``p`` gives, from the values at the nodes, the coefficient of ``u^p`` of the polynomial through them."""
    return torch.linalg.inv(torch.vander(_NODES, increasing=True)).T.to(like)
