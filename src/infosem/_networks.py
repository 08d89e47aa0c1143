"""The scalar encoder and decoder that all genes share, and their tabulated evaluation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Row k holds the coefficients of the k-th Lagrange basis polynomial on the nodes -1, 0, 1, 2, in powers of u.
_LAGRANGE_CUBIC = (
    (0.0, -1 / 3, 1 / 2, -1 / 6),
    (1.0, -1 / 2, -1.0, 1 / 2),
    (0.0, 1.0, 1 / 2, -1 / 2),
    (0.0, -1 / 6, 0.0, 1 / 6),
)


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
    r"""A :class:`ScalarNetwork` evaluated on a grid over the batch's own range and interpolated cubically.

    A batch needs the network at :math:`B \times G` points of one scalar function, so :math:`K \ll BG` evaluations
    suffice. The interpolant passes through four neighbouring knots; its error falls with the fourth power of the
    spacing, that of its derivative with the third. Gradients reach both the network's weights and ``x``.

    The number of knots is doubled until the exact network, evaluated half-way between the knots, agrees with the
    interpolant to ``tolerance`` of its own spread. Where that would take as many evaluations as the batch has
    entries, the exact network is used.

    Parameters
    ----------
    network
        The network to tabulate. It is shared, not copied.
    tolerance
        Largest error of the interpolant, relative to the network's standard deviation over the grid.
    """

    min_knots = 512

    def __init__(self, network: ScalarNetwork, *, tolerance: float = 1e-5) -> None:
        super().__init__()
        self.network = network
        self.tolerance = tolerance
        self.n_knots = self.min_knots
        self.register_buffer("basis", torch.tensor(_LAGRANGE_CUBIC), persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Interpolate the network at every entry of ``x``; returns ``n_outputs`` tensors of the shape of ``x``."""
        if not self.training:
            return self.network(x)
        low, high = x.detach().aminmax()
        while 2 * self.n_knots < x.numel():
            step = (high - low).clamp_min(torch.finfo(x.dtype).tiny * 1e6) / (self.n_knots - 4)
            # one knot beyond either end, so that every point lies between the inner two of its four
            knots = low + step * torch.arange(-1, self.n_knots - 1, device=x.device, dtype=x.dtype)
            values = torch.stack(self.network(knots), dim=1)
            coefficients = values.unfold(0, 4, 1) @ self.basis.to(x.dtype)
            if self._is_accurate(knots, step, coefficients.detach()):
                return self._interpolate(coefficients, (x - low) / step)
            self.n_knots *= 2
        self.n_knots = self.min_knots
        return self.network(x)

    @torch.no_grad()
    def _is_accurate(self, knots: Tensor, step: Tensor, coefficients: Tensor) -> bool:
        exact = torch.stack(self.network(knots[1:-2] + step / 2), dim=1)
        half = torch.tensor([1.0, 0.5, 0.25, 0.125], device=knots.device, dtype=knots.dtype)
        error = (coefficients @ half - exact).abs().amax(0)
        floor = 64 * torch.finfo(exact.dtype).eps * exact.abs().amax(0)
        return bool((error <= torch.maximum(self.tolerance * exact.std(0), floor)).all())

    def _interpolate(self, coefficients: Tensor, position: Tensor) -> tuple[Tensor, ...]:
        interval = position.detach().floor().clamp_(0, coefficients.shape[0] - 1).long()
        u = position - interval
        flat = coefficients.flatten(1).index_select(0, interval.flatten())
        local = flat.reshape(*position.shape, *coefficients.shape[1:])
        c0, c1, c2, c3 = local.unbind(-1)
        u = u.unsqueeze(-1)
        return tuple((((c3 * u + c2) * u + c1) * u + c0).unbind(-1))
