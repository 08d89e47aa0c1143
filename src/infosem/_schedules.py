"""When the scalar networks and the adjacency train: together, or in turn."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import torch
from torch.optim import Optimizer

from infosem._module import InfoSEMModule
from infosem._training_plan import NetworkTrainingPlan


class JointTrainingPlan(NetworkTrainingPlan):
    """Networks and adjacency together in every step: sixteen epochs do what the alternating schedule does in 120.

    RMSprop with bias correction, that is Adam without momentum: plain RMSprop takes its first steps ten times too long,
    while the networks have learned nothing yet.

    Parameters
    ----------
    module, lr_networks, lr_decay, lr_adjacency, lr_coefficients, lr_probability
        See :class:`NetworkTrainingPlan`.
    """

    max_epochs = 16
    batch_size = 128

    step_sizes = MappingProxyType(
        {
            "lr_networks": 8e-4,
            "lr_decay": 0.8,
            "lr_adjacency": 0.002,
            "lr_coefficients": 0.64,
            "lr_probability": 8e-3,
        }
    )

    def optimizer(self, groups: list[dict[str, Any]]) -> Optimizer:
        """RMSprop with bias correction."""
        return torch.optim.Adam(groups, betas=(0.0, 0.99), fused=True)

    @property
    def phases(self) -> list[tuple[tuple[int, ...], int]]:
        """Both, always."""
        return [((0, 1), 1)]


class AlternatingTrainingPlan(NetworkTrainingPlan):
    """Networks for an epoch, the adjacency for two, and so on, by RMSprop: DeepSEM's schedule (Shu et al. 2021).

    Parameters
    ----------
    module, lr_networks, lr_decay, lr_adjacency, lr_coefficients, lr_probability
        See :class:`NetworkTrainingPlan`. For 1,000 regulators the default ``lr_adjacency`` is DeepSEM's 2e-5.
    network_epochs, adjacency_epochs
        Length of the two phases of a cycle, in epochs.
    """

    max_epochs = 120
    batch_size = 64

    step_sizes = MappingProxyType(
        {
            "lr_networks": 1e-4,
            "lr_decay": 0.95,
            "lr_adjacency": 0.02,
            "lr_coefficients": 0.04,
            "lr_probability": 1e-3,
        }
    )

    def __init__(
        self, module: InfoSEMModule, *, network_epochs: int = 1, adjacency_epochs: int = 2, **step_sizes: float
    ) -> None:
        super().__init__(module, **step_sizes)
        self.network_epochs, self.adjacency_epochs = network_epochs, adjacency_epochs

    def optimizer(self, groups: list[dict[str, Any]]) -> Optimizer:
        """RMSprop."""
        return torch.optim.RMSprop(groups)

    @property
    def phases(self) -> list[tuple[tuple[int, ...], int]]:
        """The networks, then the adjacency."""
        return [((0,), self.network_epochs), ((1,), self.adjacency_epochs)]


SCHEDULES: dict[str, type[NetworkTrainingPlan]] = {"joint": JointTrainingPlan, "alternating": AlternatingTrainingPlan}
