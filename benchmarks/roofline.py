"""A training step taken apart: how long it takes, what it must move and compute at least, and what bounds it."""

from __future__ import annotations

import math
import statistics
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from scvi import REGISTRY_KEYS
from torch import Tensor
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from infosem.data._noise import Noise
from infosem.module import Gaussian, GeneData, InfoSEMModule, LaplacePrior, LearnedLatent, ScalarNetworks
from infosem.train._schedules import JointTrainingPlan

_FLOAT = 4
_BY_PAIR = 10
"""Times that a step must move a matrix of regulators x genes: A in the forward and the backward pass, its gradient
written and read, three tensors of Adam read and written."""
_BY_ENTRY = 20
"""Times that it must move one of cells x genes: input, encoder, latent state, decoder and loss, and their gradients."""


def synchronise(device: torch.device) -> None:
    """Wait for what a device was given to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(function: Callable[[], object], device: torch.device, *, repeats: int, at_most: float = 5.0) -> float:
    """Median seconds of a call, once it is warm."""
    function()
    synchronise(device)
    spent: list[float] = []
    while len(spent) < repeats and sum(spent) < at_most:
        start = time.perf_counter()
        function()
        synchronise(device)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


@dataclass(frozen=True)
class Ceilings:
    """What a device does at best, as measured: bytes and floating-point operations per second."""

    bandwidth: float
    flops: float

    @classmethod
    def measured(cls, device: torch.device, *, n_bytes: int, n: int, dtype: torch.dtype = torch.float32) -> Ceilings:
        """By a copy of so many bytes, read and written, and a product of two n x n matrices of random numbers."""
        source, target = torch.randint(256, (2, n_bytes), dtype=torch.uint8, device=device)
        copy = seconds_of(lambda: target.copy_(source), device, repeats=10, at_most=2)
        a, b = torch.randn(2, n, n, device=device).to(dtype)
        product = seconds_of(lambda: a @ b, device, repeats=10, at_most=2)
        return cls(2 * n_bytes / copy, 2 * n**3 / product)


class Step:
    """A gradient step of random values that are on the device already: what the device itself takes.

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
        """Gradient and update."""
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        with torch.autocast(self.device.type, self.autocast) if self.autocast else nullcontext():
            loss = self.module(self.batch)[2].loss
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()

    def seconds(self, repeats: int = 20) -> float:
        """Median time."""
        return seconds_of(self, self.device, repeats=repeats)

    def peak_bytes(self) -> int:
        """Peak of the device's memory in a step."""
        torch.cuda.reset_peak_memory_stats(self.device)
        self()
        synchronise(self.device)
        return torch.cuda.max_memory_allocated(self.device)

    def n_waits(self) -> int:
        """Times that the host waits for the device."""
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                self()
        finally:
            torch.cuda.set_sync_debug_mode("default")
        return sum("synchroniz" in str(warning.message) for warning in caught)

    def kernels(self, n_steps: int = 3) -> list[tuple[str, float, float]]:
        """Kernels that the device ran: name, number in a step, seconds in a step; the longest first."""
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
        """Operations of matrix products, as they are called, and of the factorisation of :math:`I - A_{RR}`."""
        with FlopCounterMode(display=False) as counter:
            self()
        n_regulators = self.shape[0]
        return counter.get_total_flops() + 2 / 3 * n_regulators**3 + 4 * self.batch_size * n_regulators**2

    def least_bytes(self) -> float:
        """Bytes that a step moves at least, if everything that can stay in registers does."""
        return _FLOAT * (_BY_PAIR * math.prod(self.shape) + _BY_ENTRY * self.batch_size * self.shape[1])


def what_bounds(seconds: float, busy: float, n_kernels: float, of_bandwidth: float, of_flops: float, top: str) -> str:
    """What bounds a step, in words.

    Parameters
    ----------
    seconds, busy
        Time of a step, and of its kernels.
    n_kernels
        Number of its kernels.
    of_bandwidth, of_flops
        Shares of the ceilings that it reaches.
    top
        The kernel that takes longest.
    """
    if busy < 0.6 * seconds:
        return f"launches: {n_kernels:.0f} kernels, between which the card idles {1 - busy / seconds:.0%} of the time"
    share, name = max((of_bandwidth, "memory bandwidth"), (of_flops, "arithmetic"))
    if share > 0.5:
        return f"{name}: {share:.0%} of the ceiling"
    return f"kernels below the ceilings ({of_bandwidth:.0%} of bandwidth, {of_flops:.0%} of arithmetic), longest {top}"


def random_module(n_genes: int, n_regulators: int) -> InfoSEMModule:
    """The default module for genes of which nothing is known, with weak random effects."""
    genes = GeneData(
        names=[f"gene{j}" for j in range(n_genes)],
        mean=torch.ones(n_genes),
        sd=torch.ones(n_genes),
        varies=torch.ones(n_genes, dtype=torch.bool),
        regulators=torch.arange(n_regulators),
        n_counted=1000 * n_genes,
    )
    return InfoSEMModule(
        genes,
        n_cells=1000,
        prior=LaplacePrior(),
        low_rank=None,
        likelihood=Gaussian(mask_zeros=True),
        latent=LearnedLatent(),
        networks=ScalarNetworks(),
        initial_effect=0.0,
    )


def relative_error(found: Tensor, exact: Tensor) -> float:
    """Norm of the difference over that of the exact tensor."""
    exact = exact.detach().double().cpu()
    difference = torch.linalg.vector_norm(found.detach().double().cpu() - exact)
    return float(difference / torch.linalg.vector_norm(exact))
