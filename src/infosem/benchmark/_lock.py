"""Lock that allows only one run at a time in a folder."""

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
    """Lock a folder for this process, so that other processes are refused.

    The lock is held by the operating system rather than by the existence of the file. It ends with the process, even if
    the process is killed.

    Raises
    ------
    BlockingIOError
        If the folder is locked. The message names the process that holds the lock.
    """
    path = folder / _NAME
    descriptor = _held(path)
    try:
        yield
    finally:
        if descriptor is not None:
            if sys.platform != "win32":  # Windows cannot remove open files
                path.unlink(missing_ok=True)
            os.close(descriptor)


def _held(path: Path) -> int | None:
    """Return the open lock file, or ``None`` if the file system has no locks."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace") if sys.platform != "win32" else ""
            os.close(descriptor)
            raise BlockingIOError(
                f"Another benchmark{f' ({holder})' if holder else ''} writes to {path.parent}: wait for it to end, or "
                "choose another output folder."
            ) from None
        except OSError as error:
            os.close(descriptor)
            logger.warning(
                "The file system of %s has no locks (%s): run only one benchmark at a time there.", path.parent, error
            )
            return None
        if _is_at(descriptor, path):
            os.truncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
            return descriptor
        os.close(descriptor)  # the previous holder removed the file between opening and locking


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
