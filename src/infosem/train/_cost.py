"""Estimates of the memory and time that training takes, before it starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from infosem.statistics._covariation import reference_genes

_FLOAT = 4
_BY_PAIR = {"full": 18, "product": 20}
"""Number of matrices of regulators x genes in the closed-form estimate, which needs more than a training step."""
_BY_GROUP = 6
"""Number of matrices of regulators x genes for each group of cells."""
_BY_ROW = 9
"""Number of matrices of regulators and reference genes x genes, which the correlations need before that."""
_BY_ENTRY = 90
"""Number of matrices of cells x genes in a training step. Most hold the tables of the scalar networks, with twelve
numbers per point."""


@dataclass(frozen=True)
class Size:
    """Dimensions that determine the memory of a model.

    Attributes
    ----------
    n_regulators, n_genes
        Numbers :math:`R` of regulators and :math:`G` of genes.
    rank
        Rank of the logits of low-rank edge probabilities. ``None`` if there are none.
    n_groups
        Number of groups of cells with networks of their own.
    """

    n_regulators: int
    n_genes: int
    rank: int | None
    n_groups: int = 0

    def memory(self, batch_size: int) -> int:
        """Return the peak memory of training in bytes, :math:`O(KRG + BG + R^2)`, without the expression itself."""
        per_pair = _BY_PAIR["full" if self.rank is None else "product"] + _BY_GROUP * self.n_groups
        by_pair = per_pair * self.n_regulators * self.n_genes
        by_row = _BY_ROW * (self.n_regulators + len(reference_genes(self.n_genes))) * self.n_genes
        by_regulators = 4 * self.n_regulators**2
        by_factor = 4 * (self.rank or 0) * (self.n_regulators + self.n_genes)
        return _FLOAT * (max(by_pair, by_row) + _BY_ENTRY * batch_size * self.n_genes + by_regulators + by_factor)

    def require_memory(self, batch_size: int, device: torch.device) -> None:
        """Raise a :class:`MemoryError` if training needs more memory than the device has free."""
        needed, free = self.memory(batch_size), free_memory(device)
        if needed > free:
            cells = f"{batch_size:,} cells" if batch_size > 1 else "one cell"
            groups = f"Leave out some of the {self.n_groups} groups. " if self.n_groups else ""
            smaller_batch = "Pass a smaller batch_size. " if self.memory(1) <= free else ""
            raise MemoryError(
                f"Training on {self.n_regulators:,} regulators x {self.n_genes:,} genes, {cells} at a time, takes "
                f"about {_readable(needed)}; {device} has {_readable(free)} free. {smaller_batch}{groups}Mark the "
                "genes that may regulate, for instance known transcription factors (adata.var['is_regulator']), or "
                "keep fewer genes (scanpy.pp.highly_variable_genes)."
            )


def free_memory(device: torch.device) -> int:
    """Return the free memory of a device in bytes, within the limits of a container or of a cluster's job."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    free = int(psutil.virtual_memory().available)
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            free = min(free, int(Path(limit).read_text()) - psutil.Process().memory_info().rss)
        except (OSError, ValueError):  # the file does not exist, or sets no limit
            continue
    return free


def seconds_per_call(function: Callable[[], object], device: torch.device) -> float:
    """Time a function in seconds. It is called twice, of which the second call counts, or once if that takes long."""
    for _ in range(2):
        start = time.perf_counter()
        function()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds = time.perf_counter() - start
        if seconds > 5:
            break
    return seconds


def describe(n_parameters: int, memory: int, n_steps: int, seconds_per_step: float) -> str:
    """Describe the cost of training in one line for the log."""
    return (
        f"{n_parameters:,} parameters, about {_readable(memory)} of memory. {n_steps:,} steps of about "
        f"{_duration(seconds_per_step)}: {_duration(n_steps * seconds_per_step)}."
    )


def _readable(n_bytes: float) -> str:
    return f"{n_bytes / 2**30:.1f} GiB" if n_bytes >= 2**30 else f"{n_bytes / 2**20:.0f} MiB"


def _duration(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.2g} s" if seconds >= 0.5 else f"{1000 * seconds:.2g} ms"
