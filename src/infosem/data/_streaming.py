"""Minibatches of cells streamed from a file in chunks."""

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

from infosem.data._blocks import cells_of
from infosem.data._cells import RegisteredCells
from infosem.data._shuffling import SeededSplitter

logger = logging.getLogger(__name__)


class CellStream:
    """Shuffled minibatches of cells from expression that is not in memory.

    Each epoch reads the cells in chunks of consecutive cells, in random order. Several chunks at a time are pooled,
    shuffled and cut into minibatches. Reads are therefore long, while a minibatch mixes cells from many places.
    Parallel processes read different cells and yield the same number of minibatches.

    Parameters
    ----------
    cells
        Registered cells, whose expression is any object that returns rows for a slice.
    rows
        Rows to use.
    batch_size
        Number of cells per minibatch.
    chunk_size
        Number of consecutive cells per chunk.
    n_chunks
        Number of chunks in memory at a time.
    seed
        Random seed of the order, which changes every epoch.
    """

    def __init__(
        self,
        cells: RegisteredCells,
        rows: np.ndarray,
        *,
        batch_size: int,
        chunk_size: int = 256,
        n_chunks: int = 16,
        seed: int = 0,
    ) -> None:
        self.cells, self.rows = cells, np.sort(rows)
        self.batch_size, self.chunk_size, self.n_chunks = batch_size, chunk_size, n_chunks
        self.seed, self.epoch = seed, 0

    def __len__(self) -> int:
        """Number of minibatches per epoch and process."""
        return -(-self._n_cells() // self.batch_size)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """Iterate over the minibatches of one epoch, with the expression, ``(B, G)``, as dense float32."""
        rng = np.random.default_rng((self.seed, self.epoch))
        self.epoch += 1
        rank, n_processes = _process()
        chunks = np.split(self.rows, range(self.chunk_size, len(self.rows), self.chunk_size))
        rng.shuffle(chunks)
        # each process takes a contiguous part of the shuffled chunks, cut to the same number of cells
        mine = np.array_split(np.concatenate(chunks), n_processes)[rank][: self._n_cells()]
        left: Any = None
        waiting = mine[:0]
        size = self.chunk_size * self.n_chunks
        for start in range(0, len(mine), size):
            rows = mine[start : start + size]
            order = rng.permutation(len(rows))
            block = self._read(rows)[order]
            block = block if left is None else _stack([left, block])
            rows = np.concatenate([waiting, rows[order]])
            is_last = start + size >= len(mine)
            n_whole = len(rows) if is_last else len(rows) // self.batch_size * self.batch_size
            for first in range(0, n_whole, self.batch_size):
                here = slice(first, min(first + self.batch_size, n_whole))
                yield {REGISTRY_KEYS.X_KEY: as_tensor(block[here]), **self.cells.rows(rows[here])}
            left, waiting = block[n_whole:], rows[n_whole:]

    def _n_cells(self) -> int:
        return len(self.rows) // _process()[1]

    def _read(self, rows: np.ndarray) -> Any:
        """Return the expression of cells, with one read for each run of consecutive cells."""
        ends = np.flatnonzero(np.diff(rows) != 1) + 1
        return _stack([cells_of(self.cells.x, slice(run[0], run[-1] + 1)) for run in np.split(rows, ends)])


class StreamingSplitter(SeededSplitter):
    """Data splitter that streams the training cells with a :class:`CellStream`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("distributed_sampler", None)  # the stream divides the cells among processes itself
        super().__init__(*args, **kwargs)
        if getattr(self.adata_manager.get_from_registry(REGISTRY_KEYS.X_KEY), "format", None) == "csc":
            logger.warning(
                "The expression in the file is stored gene by gene (CSC), so that each chunk of cells reads all of it. "
                "Store it cell by cell: adata.X = adata.X.tocsr(), and write the file again."
            )

    def train_dataloader(self) -> CellStream:
        """Return a stream of the training cells."""
        return CellStream(
            self.adata_manager.cells,
            self.train_idx,
            batch_size=self.data_loader_kwargs["batch_size"],
            seed=self.noise.seed,
        )


def _process() -> tuple[int, int]:
    """Return the rank of this process and the number of processes in distributed training."""
    if not torch.distributed.is_initialized():
        return 0, 1
    return torch.distributed.get_rank(), torch.distributed.get_world_size()


def _stack(blocks: list[Any]) -> Any:
    blocks = [sparse.csr_matrix(block) if sparse.issparse(block) else np.asarray(block) for block in blocks]
    return sparse.vstack(blocks, format="csr") if sparse.issparse(blocks[0]) else np.concatenate(blocks)


def as_tensor(block: Any) -> Tensor:
    """Return cells as a dense float32 tensor."""
    return torch.as_tensor(block.toarray() if sparse.issparse(block) else block, dtype=torch.float32)
