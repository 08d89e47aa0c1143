"""Minibatches of cells in an order drawn by the model's own generator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from scvi.dataloaders import DataSplitter
from torch.utils.data import BatchSampler, DataLoader, Sampler

from infosem.data._noise import Noise


class SeededSplitter(DataSplitter):
    """scvi-tools' data splitter, which draws nothing from torch's global generator.

    Parameters
    ----------
    noise
        What the order of the training cells is drawn from, new in every epoch.
    """

    def __init__(self, *args: Any, noise: Noise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.noise = noise

    def train_dataloader(self) -> Any:
        """Minibatches of the training cells, shuffled."""
        loader = seeded(super().train_dataloader(), self.noise)
        if isinstance(loader.sampler, BatchSampler):  # that of a distributed training has a seed of its own
            loader.sampler.sampler = _Shuffled(len(self.train_idx), self.noise)
        return loader

    def val_dataloader(self) -> DataLoader | None:
        """Minibatches of the validation cells, if there are any."""
        loader = super().val_dataloader()
        return None if loader is None else seeded(loader, self.noise)


class _Shuffled(Sampler[int]):
    """Numbers below ``n`` in random order."""

    def __init__(self, n: int, noise: Noise) -> None:
        self.n, self.noise = n, noise

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[int]:
        seed = torch.empty((), dtype=torch.int64, device="cpu").random_(generator=self.noise.on("cpu"))
        yield from torch.randperm(self.n, generator=Noise(int(seed)).on("cpu"), device="cpu").tolist()


def seeded(loader: DataLoader, noise: Noise) -> DataLoader:
    """The same loader; what it draws for the workers that it may have comes from ``noise``."""
    loader.generator = noise.on("cpu")
    return loader
