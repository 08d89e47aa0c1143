"""Scalar encoder and decoder that all genes share, and their tabulated evaluation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.nn.utils import skip_init

from infosem.data._arguments import one_of, truth_value, whole_number
from infosem.data._settings import Settings, register
from infosem.module._interpolation import Table, interpolate

_NODES = torch.arange(-2.0, 4.0, dtype=torch.float64)
"""The six knots around an interpolated point, in units of their spacing. The point lies between 0 and 1."""

_LAGRANGE = torch.linalg.inv(torch.vander(_NODES, increasing=True))
"""Matrix from the values at the nodes to the coefficients of the polynomial through them; row ``p`` is for ``u^p``."""

_HALF = 0.5 ** torch.arange(len(_NODES), dtype=torch.float64)
"""Powers of ``u`` half-way between two knots."""


@register
@dataclass(frozen=True, kw_only=True)
class ScalarNetworks(Settings):
    """Settings of the encoder and the decoder, which are functions of one number and shared by all genes and cells.

    Parameters
    ----------
    n_hidden
        Width of both hidden layers.
    evaluation
        How the networks are evaluated during training. ``"tabulated"`` evaluates them on a grid and interpolates, which
        is many times faster and has a relative error of about 1e-6. ``"exact"`` evaluates them at every entry. After
        training the evaluation is always exact.
    denoise
        Whether measurement noise is removed from the expression before it is encoded.
    """

    n_hidden: int = 128
    evaluation: Literal["tabulated", "exact"] = "tabulated"
    denoise: bool = True

    def __post_init__(self) -> None:
        self._checked(
            n_hidden=partial(whole_number, least=1), evaluation=one_of("tabulated", "exact"), denoise=truth_value
        )

    def build(self, n_outputs: int, generator: torch.Generator | None) -> nn.Module:
        """Build a network.

        Parameters
        ----------
        n_outputs
            Number of outputs.
        generator
            Torch generator for the initial weights.
        """
        network = ScalarNetwork(n_outputs, n_hidden=self.n_hidden, generator=generator)
        return TabulatedNetwork(network) if self.evaluation == "tabulated" else network


class ScalarNetwork(nn.Module):
    r"""Multilayer perceptron of one scalar, applied to every entry of a tensor.

    .. math:: f(x) = W_3 \tanh(W_2 \tanh(w_1 x + b_1) + b_2) + b_3, \qquad f: \mathbb{R} \to \mathbb{R}^C

    All genes and cells share the weights, as in DeepSEM (Shu et al. 2021). Weights are initialised by the Xavier normal
    scheme, and biases at zero.

    Parameters
    ----------
    n_outputs
        Number of output channels :math:`C`.
    n_hidden
        Width of both hidden layers.
    generator
        Torch generator for the initial weights.
    """

    def __init__(self, n_outputs: int, *, n_hidden: int = 128, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            skip_init(nn.Linear, 1, n_hidden, dtype=torch.float32),
            nn.Tanh(),
            skip_init(nn.Linear, n_hidden, n_hidden, dtype=torch.float32),
            nn.Tanh(),
            skip_init(nn.Linear, n_hidden, n_outputs, dtype=torch.float32),
        )
        # torch's own initialisation draws this many numbers; drawing them keeps the network of each seed the same
        torch.rand(sum(parameter.numel() for parameter in self.parameters()), generator=generator, dtype=torch.float32)
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_normal_(layer.weight, generator=generator)
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Evaluate the network at every entry of ``x``, in the precision of ``x``; returns ``(C, *x.shape)``."""
        values = x.reshape(-1, 1)
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                values = linear(values, layer.weight.to(x.dtype), layer.bias.to(x.dtype))
            else:
                values = layer(values)
        return values.T.reshape(-1, *x.shape)


class TabulatedNetwork(nn.Module):
    r""":class:`ScalarNetwork` that is evaluated on a grid over the range of the batch and interpolated.

    A batch needs :math:`B \times G` values of one scalar function, so :math:`K \ll BG` evaluations suffice. The knots
    are equally spaced in :math:`t = \mathrm{asinh}(x / s)`, where :math:`s` is the mean of :math:`|x|`. They are dense
    where most values are. A few distant values do not reduce the accuracy, because a tanh network varies there on the
    scale of its argument. The interpolant is the polynomial of degree five through the nearest six knots, whose error
    falls with the sixth power of their spacing. Gradients reach the weights of the network and ``x``. The knots are
    evaluated in double precision where the device supports it, so that rounding does not affect the slope.

    The number of knots is doubled until the interpolant agrees with the exact network half-way between the knots.
    The exact network is used outside training, and if the table would need as many evaluations as the batch has
    entries.

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

    def forward(self, x: Tensor) -> Tensor:
        """Evaluate the network at every entry of ``x``, by interpolation during training; returns ``(C, *x.shape)``."""
        table = self._tabulate(x.detach()) if self.training else None
        return self.network(x) if table is None else interpolate(x, table)

    def _tabulate(self, x: Tensor) -> Table | None:
        """Tabulate the network finely enough for ``x``; return ``None`` if that would save no evaluations."""
        precise = torch.float32 if x.device.type == "mps" else torch.float64
        lowest, highest, size = torch.stack([*x.aminmax(), x.abs().mean()]).tolist()
        scale = max(size, torch.finfo(x.dtype).tiny * 1e6)
        low, high = math.asinh(lowest / scale), math.asinh(highest / scale)
        while 2 * self.n_knots < x.numel():
            # the first two and the last two knots lie outside the range, so that every point has three on each side
            step = max(high - low, 1e-6) / (self.n_knots - 5)
            halves = torch.arange(-4, 2 * self.n_knots - 5, device=x.device, dtype=precise)
            values = self.network(scale * torch.sinh(low + 0.5 * step * halves))
            knots, halfway = values[:, ::2], values[:, 5:-4:2].detach()
            lagrange, half = _constants(x.device, precise)
            coefficients = knots.unfold(1, len(_NODES), 1) @ lagrange.T
            error = (coefficients.detach() @ half - halfway).abs().amax(1)
            allowed = self.tolerance * halfway.std(1) + 64 * torch.finfo(precise).eps * halfway.abs().amax(1)
            if bool((error <= allowed).all()):
                return Table(coefficients.transpose(1, 2).to(x.dtype), scale, low, step)
            self.n_knots *= 2
        self.n_knots = self.min_knots
        return None


@cache
def _constants(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return :data:`_LAGRANGE` and :data:`_HALF` on a device, cached so that they are copied once."""
    return _LAGRANGE.to(device, dtype), _HALF.to(device, dtype)
