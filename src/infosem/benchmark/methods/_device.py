"""Choice of the torch device."""

from __future__ import annotations

import torch


def torch_device(accelerator: str) -> torch.device:
    """Return a torch device by name. ``"gpu"`` is a CUDA GPU, ``"auto"`` a CUDA GPU if available, else the CPU."""
    if accelerator == "auto":
        accelerator = "gpu" if torch.cuda.is_available() else "cpu"
    return torch.device("cuda" if accelerator == "gpu" else accelerator)
