"""Training schedules, which update the scalar networks and the adjacency together or in turn."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import torch
from torch.optim import Optimizer

from infosem.data._arguments import whole_number
from infosem.data._noise import Noise
from infosem.module._vae import InfoSEMModule
from infosem.train._plan import NetworkTrainingPlan

_WITH_FUSED_ADAM = {"cpu", "cuda", "mps", "xpu"}
"""Devices on which torch has a fused implementation of Adam."""


class JointTrainingPlan(NetworkTrainingPlan):
    """Schedule that updates networks and adjacency together in every step, with step sizes that decay.

    There are at least 150 steps and two epochs, for any number of cells. The steps of :math:`A` are small, because it
    starts from a closed-form estimate.

    The optimiser is RMSprop with bias correction, which is Adam without momentum. Without the correction, the first
    steps would be ten times too large, before the networks have learned anything.

    Parameters
    ----------
    module, max_epochs, lr_networks, lr_decay, lr_adjacency, lr_coefficients, lr_probability, noise
        See :class:`NetworkTrainingPlan`.
    """

    batch_size = 128
    decaying = (0, 1)
    n_steps = 150
    """Minimum number of steps."""
    n_epochs = 2
    """Minimum number of epochs."""
    final_step = 0.03
    """Step size at the end of training, relative to the start."""

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
        """Return the number of epochs that gives at least ``n_steps`` steps and ``n_epochs`` epochs."""
        return max(cls.n_epochs, math.ceil(cls.n_steps / math.ceil(n_cells / batch_size)))

    @classmethod
    def default_decay(cls, max_epochs: int) -> float:
        """Return the factor per epoch that reduces step sizes to ``final_step`` of their initial size."""
        return cls.final_step ** (1 / max_epochs)

    def decayed_for(self, epochs: float) -> float:
        """Return ``epochs``. Step sizes decay in every step, because large data sets are trained for few epochs."""
        return epochs

    def optimizer(self, groups: list[dict[str, Any]]) -> Optimizer:
        """Return RMSprop with bias correction."""
        devices = {parameter.device.type for group in groups for parameter in group["params"]}
        return torch.optim.Adam(groups, betas=(0.0, 0.99), fused=devices <= _WITH_FUSED_ADAM)

    @property
    def phases(self) -> list[tuple[tuple[int, ...], int]]:
        """One phase, in which both optimisers are used."""
        return [((0, 1), 1)]


class AlternatingTrainingPlan(NetworkTrainingPlan):
    """Schedule of DeepSEM, which updates networks and adjacency in turn by RMSprop (Shu et al. 2021).

    Parameters
    ----------
    module, max_epochs, lr_networks, lr_decay, lr_adjacency, lr_coefficients, lr_probability, noise
        See :class:`NetworkTrainingPlan`. With 1,000 regulators, the default ``lr_adjacency`` is DeepSEM's step of 2e-5.
    network_epochs, adjacency_epochs
        Number of epochs in each cycle for the networks and for the adjacency, by default one and two.
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
        """Return 120, as in DeepSEM."""
        return 120

    @classmethod
    def default_decay(cls, max_epochs: int) -> float:
        """Return 0.95, as in DeepSEM."""
        return 0.95

    def decayed_for(self, epochs: float) -> float:
        """Return the number of complete epochs."""
        return math.floor(epochs)

    def optimizer(self, groups: list[dict[str, Any]]) -> Optimizer:
        """Return RMSprop."""
        return torch.optim.RMSprop(groups)

    @property
    def phases(self) -> list[tuple[tuple[int, ...], int]]:
        """Two phases, the first for the networks and the second for the adjacency."""
        return [((0,), self.network_epochs), ((1,), self.adjacency_epochs)]


SCHEDULES: dict[str, type[NetworkTrainingPlan]] = {"joint": JointTrainingPlan, "alternating": AlternatingTrainingPlan}
