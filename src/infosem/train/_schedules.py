"""When the scalar networks and the adjacency train: together, or in turn."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import torch
from torch.optim import Optimizer

from infosem.data._arguments import whole_number
from infosem.data._noise import Noise
from infosem.module._module import InfoSEMModule
from infosem.train._plan import NetworkTrainingPlan

_WITH_FUSED_ADAM = {"cpu", "cuda", "mps", "xpu"}
"""Devices for which torch has Adam as one kernel."""


class JointTrainingPlan(NetworkTrainingPlan):
    """Networks and adjacency together in every step, with steps that fade out.

    However many the cells, there are about as many steps, and every cell is seen twice. :math:`A` starts from its
    closed form, so that its own steps are small.

    RMSprop with bias correction, that is Adam without momentum: plain RMSprop takes its first steps ten times too long,
    while the networks have learned nothing yet.

    Parameters
    ----------
    module, max_epochs, lr_networks, lr_decay, lr_adjacency, lr_coefficients, lr_probability, noise
        See :class:`NetworkTrainingPlan`.
    """

    batch_size = 128
    decaying = (0, 1)
    n_steps = 150
    """Steps of a training, at least."""
    n_epochs = 2
    """Epochs of a training, at least."""
    final_step = 0.03
    """What is left of the steps at its end."""

    step_sizes = MappingProxyType(
        {
            "lr_networks": 8e-4,
            "lr_adjacency": 0.002,
            "lr_coefficients": 0.64,
            "lr_probability": 8e-3,
        }
    )

    @classmethod
    def default_epochs(cls, n_cells: int, batch_size: int) -> int:
        """As many as give ``n_steps`` steps, and ``n_epochs`` at least."""
        return max(cls.n_epochs, math.ceil(cls.n_steps / math.ceil(n_cells / batch_size)))

    @classmethod
    def default_decay(cls, max_epochs: int) -> float:
        """Such that ``final_step`` of the steps is left at the end."""
        return cls.final_step ** (1 / max_epochs)

    def decayed_for(self, epochs: float) -> float:
        """All the time: many cells have few epochs."""
        return epochs

    def optimizer(self, groups: list[dict[str, Any]]) -> Optimizer:
        """RMSprop with bias correction."""
        devices = {parameter.device.type for group in groups for parameter in group["params"]}
        return torch.optim.Adam(groups, betas=(0.0, 0.99), fused=devices <= _WITH_FUSED_ADAM)

    @property
    def phases(self) -> list[tuple[tuple[int, ...], int]]:
        """Both, always."""
        return [((0, 1), 1)]


class AlternatingTrainingPlan(NetworkTrainingPlan):
    """Networks for an epoch, the adjacency for two, and so on, by RMSprop: DeepSEM's schedule (Shu et al. 2021).

    Parameters
    ----------
    module, max_epochs, lr_networks, lr_decay, lr_adjacency, lr_coefficients, lr_probability, noise
        See :class:`NetworkTrainingPlan`. For 1,000 regulators the default ``lr_adjacency`` is DeepSEM's 2e-5.
    network_epochs, adjacency_epochs
        Length of the two phases of a cycle, in epochs.
    """

    batch_size = 64

    step_sizes = MappingProxyType(
        {
            "lr_networks": 1e-4,
            "lr_adjacency": 0.02,
            "lr_coefficients": 0.04,
            "lr_probability": 1e-3,
        }
    )

    def __init__(
        self,
        module: InfoSEMModule,
        max_epochs: int,
        *,
        noise: Noise,
        network_epochs: int = 1,
        adjacency_epochs: int = 2,
        **step_sizes: float,
    ) -> None:
        super().__init__(module, max_epochs, noise=noise, **step_sizes)
        self.network_epochs = whole_number(network_epochs, "network_epochs", least=1)
        self.adjacency_epochs = whole_number(adjacency_epochs, "adjacency_epochs", least=1)

    @classmethod
    def default_epochs(cls, n_cells: int, batch_size: int) -> int:
        """DeepSEM's 120."""
        return 120

    @classmethod
    def default_decay(cls, max_epochs: int) -> float:
        """DeepSEM's .95."""
        return 0.95

    def decayed_for(self, epochs: float) -> float:
        """After every epoch."""
        return math.floor(epochs)

    def optimizer(self, groups: list[dict[str, Any]]) -> Optimizer:
        """RMSprop."""
        return torch.optim.RMSprop(groups)

    @property
    def phases(self) -> list[tuple[tuple[int, ...], int]]:
        """The networks, then the adjacency."""
        return [((0,), self.network_epochs), ((1,), self.adjacency_epochs)]


SCHEDULES: dict[str, type[NetworkTrainingPlan]] = {"joint": JointTrainingPlan, "alternating": AlternatingTrainingPlan}
