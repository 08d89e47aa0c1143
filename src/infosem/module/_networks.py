"""The scalar encoder and decoder that all genes share, and their tabulated evaluation."""

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
"""The six knots that an interpolated point uses, in units of their spacing: it lies between 0 and 1."""

_LAGRANGE = torch.linalg.inv(torch.vander(_NODES, increasing=True))
"""Row ``p`` gives, from the values at the nodes, the coefficient of ``u^p`` of the polynomial through them."""

_HALF = 0.5 ** torch.arange(len(_NODES), dtype=torch.float64)
"""The powers of ``u`` half-way between two knots."""


@register
@dataclass(frozen=True, kw_only=True)
class ScalarNetworks(Settings):
    """Settings of the encoder and the decoder, each a function of one number that all genes and cells share.

    Parameters
    ----------
    n_hidden
        Width of both hidden layers.
    evaluation
        During training, evaluate them ``"tabulated"`` on a grid and interpolated (relative error about 1e-6, many times
        faster), or ``"exact"`` at every entry. After training it is always exact.
    denoise
        Whether the encoder sees expression from which the noise of measurement is taken out
        (:class:`~infosem.module._denoiser.Denoiser`), or the measured one.
    """

    n_hidden: int = 128
    evaluation: Literal["tabulated", "exact"] = "tabulated"
    denoise: bool = True

    def __post_init__(self) -> None:
        self._checked(
            n_hidden=partial(whole_number, least=1), evaluation=one_of("tabulated", "exact"), denoise=truth_value
        )

    def build(self, n_outputs: int, generator: torch.Generator | None) -> nn.Module:
        """Make a network of so many outputs; ``generator`` of its weights, as in torch."""
        network = ScalarNetwork(n_outputs, n_hidden=self.n_hidden, generator=generator)
        return TabulatedNetwork(network) if self.evaluation == "tabulated" else network


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
    generator
        Of the weights, as in torch.
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
        # torch's own start of the layers took as many numbers: without them a seed would have another network
        torch.rand(sum(parameter.numel() for parameter in self.parameters()), generator=generator, dtype=torch.float32)
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_normal_(layer.weight, generator=generator)
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Evaluate the network at every entry of ``x``, in its precision; returns ``(C, *x.shape)``."""
        values = x.reshape(-1, 1)
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                values = linear(values, layer.weight.to(x.dtype), layer.bias.to(x.dtype))
            else:
                values = layer(values)
        return values.T.reshape(-1, *x.shape)


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

    def forward(self, x: Tensor) -> Tensor:
        """Interpolate the network at every entry of ``x``; returns ``(C, *x.shape)``."""
        table = self._tabulate(x.detach()) if self.training else None
        return self.network(x) if table is None else interpolate(x, table)

    def _tabulate(self, x: Tensor) -> Table | None:
        """Knots fine enough for ``x``, or ``None`` if that would be no saving."""
        precise = torch.float32 if x.device.type == "mps" else torch.float64
        lowest, highest, size = torch.stack([*x.aminmax(), x.abs().mean()]).tolist()
        scale = max(size, torch.finfo(x.dtype).tiny * 1e6)
        low, high = math.asinh(lowest / scale), math.asinh(highest / scale)
        while 2 * self.n_knots < x.numel():
            # the first and the last two knots lie outside, so that every point has three on either side
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
    """:data:`_LAGRANGE` and :data:`_HALF` where they are used, copied there once."""
    return _LAGRANGE.to(device, dtype), _HALF.to(device, dtype)
