"""Measurement of wall time and peak memory."""

from __future__ import annotations

import threading
import time
from typing import Self

import psutil
import torch

_INTERVAL = 0.05


class Resources:
    """Context manager that measures time and memory of its ``with`` block.

    Attributes
    ----------
    seconds
        Wall time.
    peak_mb
        Peak resident memory of the whole process, including libraries, in MB, sampled every 50 ms.
    peak_gpu_mb
        Peak memory allocated by torch on a GPU, in MB, or zero without a GPU.
    """

    seconds = 0.0
    peak_mb = 0.0
    peak_gpu_mb = 0.0

    def __enter__(self) -> Self:
        self._done = threading.Event()
        self._watch = threading.Thread(target=self._sample, daemon=True)
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        self._watch.start()
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._start
        self._done.set()
        self._watch.join()
        if torch.cuda.is_available():
            self.peak_gpu_mb = torch.cuda.max_memory_allocated() / 1e6

    def _sample(self) -> None:
        process = psutil.Process()
        while True:
            self.peak_mb = max(self.peak_mb, process.memory_info().rss / 1e6)
            if self._done.wait(_INTERVAL):
                return
