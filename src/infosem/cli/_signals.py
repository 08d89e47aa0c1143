"""Handling of Ctrl-C and SIGTERM by the command."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

INTERRUPTED = 130
TERMINATED = 128 + signal.SIGTERM


class Signals:
    """Context in which the first Ctrl-C interrupts, later ones only print a message, and SIGTERM ends the process.

    A quick second Ctrl-C therefore does not discard what the first one kept, and termination by a cluster does not
    leave a partial file.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self._held = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number, handler in ((signal.SIGINT, self._interrupt), (signal.SIGTERM, self._terminate)):
                self._before[number] = signal.signal(number, handler)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Defer Ctrl-C within the block, so that files are written completely."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        wait, self.interrupted = self._held or self.interrupted, True
        if not wait:
            raise KeyboardInterrupt
        print("infosem: interrupted; the results so far are written first", file=sys.stderr)

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)
