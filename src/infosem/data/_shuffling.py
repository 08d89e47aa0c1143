"""Minibatches of cells, shuffled by the generator of the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from scvi.dataloaders import DataSplitter
from torch.utils.data import BatchSampler, DataLoader, Sampler

from infosem.data._noise import Noise


class SeededSplitter(DataSplitter):
    """Data splitter of scvi-tools that does not use the global generator of torch.

    Parameters
    ----------
    noise
        Random generators from which the order of the training cells is drawn, anew in every epoch.
    """

    def __init__(self, *args: Any, noise: Noise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.noise = noise

    def train_dataloader(self) -> Any:
        """Return a loader of shuffled minibatches of the training cells."""
        loader = seeded(super().train_dataloader(), self.noise)
        if isinstance(loader.sampler, BatchSampler):  # the sampler of distributed training has its own seed
            loader.sampler.sampler = _Shuffled(len(self.train_idx), self.noise)
        return loader

    def val_dataloader(self) -> DataLoader | None:
        """Return a loader of minibatches of the validation cells, if there are any."""
        loader = super().val_dataloader()
        return None if loader is None else seeded(loader, self.noise)


class _Shuffled(Sampler[int]):
    """Sampler of the integers below ``n`` in random order."""

    def __init__(self, n: int, noise: Noise) -> None:
        self.n, self.noise = n, noise

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[int]:
        seed = torch.empty((), dtype=torch.int64, device="cpu").random_(generator=self.noise.on("cpu"))
        yield from torch.randperm(self.n, generator=Noise(int(seed)).on("cpu"), device="cpu").tolist()


def seeded(loader: DataLoader, noise: Noise) -> DataLoader:
    """Make the loader draw its worker seeds from ``noise``, and return it."""
    loader.generator = noise.on("cpu")
    return loader
