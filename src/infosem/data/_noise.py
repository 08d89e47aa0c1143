"""Random generators of a single model, because all threads of a process share the global generator of torch."""

from __future__ import annotations

import torch


class Noise:
    """Random generators with one seed, one for each device, created on first use.

    Parameters
    ----------
    seed
        Seed of all generators.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._generators: dict[torch.device, torch.Generator] = {}

    def on(self, device: torch.device | str) -> torch.Generator:
        """Return the generator for tensors on ``device``, in the state in which it was left."""
        device = torch.device(device)
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(self.seed)
        return self._generators[device]
