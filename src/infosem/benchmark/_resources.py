"""Wall time and peak memory of a piece of work."""

from __future__ import annotations

import threading
import time
from typing import Self

import psutil
import torch

_INTERVAL = 0.05


class Resources:
    """Measures what runs in its ``with`` block.

    Attributes
    ----------
    seconds
        Wall time.
    peak_mb
        Largest resident memory of this process, in MB, looked at every 50 ms: all of the process, its libraries too.
    peak_gpu_mb
        Largest memory allocated by torch on a GPU, in MB; zero without one.
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
