"""The best that a device does, and what keeps a step from it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from on_gpu.devices import seconds_of


@dataclass(frozen=True)
class Ceilings:
    """The bytes and floating-point operations per second that a device was measured to do at best."""

    bandwidth: float
    flops: float

    @classmethod
    def measured(cls, device: torch.device, *, n_bytes: int, n: int, dtype: torch.dtype = torch.float32) -> Ceilings:
        """Measure a copy of so many bytes, read and written, and a product of two n x n matrices of random numbers."""
        source, target = torch.randint(256, (2, n_bytes), dtype=torch.uint8, device=device)
        copy = seconds_of(lambda: target.copy_(source), device, repeats=10, at_most=2)
        a, b = torch.randn(2, n, n, device=device).to(dtype)
        product = seconds_of(lambda: a @ b, device, repeats=10, at_most=2)
        return cls(2 * n_bytes / copy, 2 * n**3 / product)


def what_bounds(seconds: float, busy: float, n_kernels: float, of_bandwidth: float, of_flops: float, top: str) -> str:
    """Say in words what bounds a step.

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
