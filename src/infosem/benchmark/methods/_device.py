"""Where a network is trained."""

from __future__ import annotations

import torch


def torch_device(accelerator: str) -> torch.device:
    """The device of this name; ``"auto"`` and ``"gpu"`` are a CUDA GPU, the former only if there is one."""
    if accelerator == "auto":
        accelerator = "gpu" if torch.cuda.is_available() else "cpu"
    return torch.device("cuda" if accelerator == "gpu" else accelerator)
