"""Minibatches of cells from a file, read in chunks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.distributed
from scipy import sparse
from scvi import REGISTRY_KEYS
from torch import Tensor

from infosem.data._expression import cells_of
from infosem.data._shuffling import SeededSplitter

logger = logging.getLogger(__name__)


class CellStream:
    """Shuffled minibatches of cells from expression that is not in memory.

    Each epoch takes the cells in chunks of neighbours, in random order; the cells of several chunks together are
    shuffled and cut into minibatches. So a file is read in long pieces, and a minibatch holds cells of many places.
    Several processes take different chunks, and the same number of minibatches.

    Parameters
    ----------
    x
        Expression, cells x genes: anything that gives rows for a slice.
    cells
        Rows to use.
    batch_size
        Cells per minibatch.
    chunk_size
        Neighbouring cells per chunk.
    n_chunks
        Chunks that are in memory at a time.
    seed
        Seed of the order, new in every epoch.
    """

    def __init__(
        self, x: Any, cells: np.ndarray, *, batch_size: int, chunk_size: int = 256, n_chunks: int = 16, seed: int = 0
    ) -> None:
        self.x, self.cells = x, np.sort(cells)
        self.batch_size, self.chunk_size, self.n_chunks = batch_size, chunk_size, n_chunks
        self.seed, self.epoch = seed, 0

    def __len__(self) -> int:
        """Number of minibatches per epoch and process."""
        return -(-self._n_cells() // self.batch_size)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """Minibatches of one epoch, ``{"X": (B, G)}``, dense float32."""
        rng = np.random.default_rng((self.seed, self.epoch))
        self.epoch += 1
        rank, n_processes = _process()
        chunks = np.split(self.cells, range(self.chunk_size, len(self.cells), self.chunk_size))
        rng.shuffle(chunks)
        # a process takes every n-th cell of the shuffled chunks' order, cut at the same number for all
        mine = np.array_split(np.concatenate(chunks), n_processes)[rank][: self._n_cells()]
        left: Any = None
        size = self.chunk_size * self.n_chunks
        for start in range(0, len(mine), size):
            block = self._read(mine[start : start + size])
            block = block[rng.permutation(block.shape[0])]
            block = block if left is None else _stack([left, block])
            is_last = start + size >= len(mine)
            n_whole = block.shape[0] if is_last else block.shape[0] // self.batch_size * self.batch_size
            for first in range(0, n_whole, self.batch_size):
                yield {REGISTRY_KEYS.X_KEY: as_tensor(block[first : min(first + self.batch_size, n_whole)])}
            left = block[n_whole:]

    def _n_cells(self) -> int:
        return len(self.cells) // _process()[1]

    def _read(self, cells: np.ndarray) -> Any:
        """Rows of ``x``, one read for every run of neighbours."""
        ends = np.flatnonzero(np.diff(cells) != 1) + 1
        return _stack([cells_of(self.x, slice(run[0], run[-1] + 1)) for run in np.split(cells, ends)])


class StreamingSplitter(SeededSplitter):
    """A data splitter with the training cells from a :class:`CellStream`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("distributed_sampler", None)  # the stream itself divides the cells among processes
        super().__init__(*args, **kwargs)
        if getattr(self.adata_manager.get_from_registry(REGISTRY_KEYS.X_KEY), "format", None) == "csc":
            logger.warning(
                "The expression in the file is stored gene by gene (CSC), so that each chunk of cells reads all of it. "
                "Store it cell by cell: adata.X = adata.X.tocsr(), and write the file again."
            )

    def train_dataloader(self) -> CellStream:
        """Stream of the training cells."""
        return CellStream(
            self.adata_manager.get_from_registry(REGISTRY_KEYS.X_KEY),
            self.train_idx,
            batch_size=self.data_loader_kwargs["batch_size"],
            seed=self.noise.seed,
        )


def _process() -> tuple[int, int]:
    """Rank of this process and number of processes of a distributed training."""
    if not torch.distributed.is_initialized():
        return 0, 1
    return torch.distributed.get_rank(), torch.distributed.get_world_size()


def _stack(blocks: list[Any]) -> Any:
    blocks = [sparse.csr_matrix(block) if sparse.issparse(block) else np.asarray(block) for block in blocks]
    return sparse.vstack(blocks, format="csr") if sparse.issparse(blocks[0]) else np.concatenate(blocks)


def as_tensor(block: Any) -> Tensor:
    """Cells as a dense float32 tensor."""
    return torch.as_tensor(block.toarray() if sparse.issparse(block) else block, dtype=torch.float32)
