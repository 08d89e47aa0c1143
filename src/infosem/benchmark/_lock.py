"""One run at a time in a folder."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

logger = logging.getLogger(__name__)

_NAME = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; another one that asks for it meanwhile is refused.

    The system holds the lock, not the file: it ends with the process, however that ends, so that none is left by a
    kill.

    Raises
    ------
    BlockingIOError
        If the folder is held, with the process that holds it.
    """
    path = folder / _NAME
    descriptor = _held(path)
    try:
        yield
    finally:
        if descriptor is not None:
            if sys.platform != "win32":  # which removes no file that is open
                path.unlink(missing_ok=True)
            os.close(descriptor)


def _held(path: Path) -> int | None:
    """The open lock file; ``None`` on a file system that has no locks."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace") if sys.platform != "win32" else ""
            os.close(descriptor)
            raise BlockingIOError(
                f"Another benchmark{f' ({holder})' if holder else ''} writes to {path.parent}: wait for its end, or "
                "give this one an output folder of its own."
            ) from None
        except OSError as error:
            os.close(descriptor)
            logger.warning(
                "The file system of %s has no locks (%s): run one benchmark at a time there.", path.parent, error
            )
            return None
        if _is_at(descriptor, path):
            os.truncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
            return descriptor
        os.close(descriptor)  # its holder removed it between our opening it and locking it


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
