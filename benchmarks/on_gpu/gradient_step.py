"""One gradient step on a device: how long it takes, and what it must move and compute at least."""

from __future__ import annotations

import math
import warnings
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from scvi import REGISTRY_KEYS
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from infosem.data._moments import Standardisation
from infosem.data._noise import Noise
from infosem.module import (
    Gaussian,
    GeneData,
    InfoSEMModule,
    LaplacePrior,
    LearnedLatent,
    ScalarNetworks,
    Standardiser,
)
from infosem.train._schedules import JointTrainingPlan
from on_gpu.devices import seconds_of, synchronise

_FLOAT = 4
_BY_PAIR = 10
"""Times that a step must move a matrix of regulators x genes: A in the forward and the backward pass, its gradient
written and read, three tensors of Adam read and written."""
_BY_ENTRY = 20
"""Times that it must move one of cells x genes: input, encoder, latent state, decoder and loss, and their gradients."""


class Step:
    """A gradient step of random values that are on the device already, so that only the device takes time.

    Parameters
    ----------
    n_genes, n_regulators, batch_size
        Sizes.
    device
        Where it runs.
    autocast
        Type that ``precision="bf16-mixed"`` or ``"16-mixed"`` computes in.
    """

    def __init__(
        self,
        n_genes: int,
        n_regulators: int,
        batch_size: int,
        device: torch.device,
        autocast: torch.dtype | None = None,
    ) -> None:
        self.shape, self.batch_size, self.device, self.autocast = (n_regulators, n_genes), batch_size, device, autocast
        torch.manual_seed(0)
        self.module = random_module(n_genes, n_regulators).to(device)
        self.batch = {REGISTRY_KEYS.X_KEY: (torch.randn(batch_size, n_genes, device=device) + 1).clamp_min(0)}
        plan = JointTrainingPlan(self.module, max_epochs=10, noise=Noise(0))
        self.optimizers: list[Any] = plan.configure_optimizers()[0]

    def __call__(self) -> None:
        """Compute the gradient and update the parameters."""
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        with torch.autocast(self.device.type, self.autocast) if self.autocast else nullcontext():
            loss = self.module(self.batch)[2].loss
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()

    def seconds(self, repeats: int = 20) -> float:
        """Take the median of its times."""
        return seconds_of(self, self.device, repeats=repeats)

    def peak_bytes(self) -> int:
        """Measure the peak of the device's memory in a step."""
        torch.cuda.reset_peak_memory_stats(self.device)
        self()
        synchronise(self.device)
        return torch.cuda.max_memory_allocated(self.device)

    def n_waits(self) -> int:
        """Count how often the host waits for the device."""
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                self()
        finally:
            torch.cuda.set_sync_debug_mode("default")
        return sum("synchroniz" in str(warning.message) for warning in caught)

    def kernels(self, n_steps: int = 3) -> list[tuple[str, float, float]]:
        """List the kernels that the device ran by name, number and seconds in a step, the longest first."""
        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiled:
            for _ in range(n_steps):
                self()
            synchronise(self.device)
        found = [
            (event.key, event.count / n_steps, event.self_device_time_total / n_steps / 1e6)
            for event in profiled.key_averages()
            if event.device_type == DeviceType.CUDA
        ]
        return sorted(found, key=lambda kernel: -kernel[2])

    def flops(self) -> float:
        """Count the operations of matrix products as they are called, and of factorising :math:`I - A_{RR}`."""
        with FlopCounterMode(display=False) as counter:
            self()
        n_regulators = self.shape[0]
        return counter.get_total_flops() + 2 / 3 * n_regulators**3 + 4 * self.batch_size * n_regulators**2

    def least_bytes(self) -> float:
        """Count the bytes that a step moves at least, if everything that can stay in registers does."""
        return _FLOAT * (_BY_PAIR * math.prod(self.shape) + _BY_ENTRY * self.batch_size * self.shape[1])


def random_module(n_genes: int, n_regulators: int) -> InfoSEMModule:
    """Make the default module for genes of which nothing is known, with weak random effects."""
    genes = GeneData(
        names=[f"gene{j}" for j in range(n_genes)],
        varies=torch.ones(n_genes, dtype=torch.bool),
        regulators=torch.arange(n_regulators),
        n_counted=1000 * n_genes,
    )
    return InfoSEMModule(
        genes,
        Standardiser(Standardisation(np.ones(n_genes), np.ones(n_genes), genes.n_counted)),
        n_cells=1000,
        prior=LaplacePrior(),
        low_rank=None,
        likelihood=Gaussian(mask_zeros=True),
        latent=LearnedLatent(),
        networks=ScalarNetworks(),
        initial_effect=0.0,
    )
