"""What the measurements do with a device: time it, wait for it, and set the precision that it multiplies in."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch


def synchronise(device: torch.device) -> None:
    """Wait for what a device was given to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(function: Callable[[], object], device: torch.device, *, repeats: int, at_most: float = 5.0) -> float:
    """Time a call once it is warm, and take the median in seconds."""
    function()
    synchronise(device)
    spent: list[float] = []
    while len(spent) < repeats and sum(spent) < at_most:
        start = time.perf_counter()
        function()
        synchronise(device)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


@contextmanager
def matrix_products(precision: str) -> Iterator[None]:
    """Multiply matrices in float32 (``"highest"``), or in TF32 where the device has it (``"high"``)."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
