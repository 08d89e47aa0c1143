"""Random numbers of a model's own: torch's global generator is shared by all threads of a process."""

from __future__ import annotations

import torch


class Noise:
    """Generators of one seed, one for each device, made where they are first asked for.

    Parameters
    ----------
    seed
        Seed of all of them.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._generators: dict[torch.device, torch.Generator] = {}

    def on(self, device: torch.device | str) -> torch.Generator:
        """The generator of tensors on ``device``, which goes on where it was left."""
        device = torch.device(device)
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(self.seed)
        return self._generators[device]
