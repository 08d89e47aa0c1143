"""Atomic writing of files and folders."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, which replaces ``path`` when the block ends.

    The temporary path is that of a file or folder to write, with the same extension. If the block raises, ``path`` is
    left unchanged. A kill can leave a hidden temporary file behind, but never a partial file under ``path``.
    """
    path = Path(path).resolve()  # a link stays, and its target is replaced
    temporary = _beside(path)
    try:
        yield temporary
        _to_disk(temporary)
        if path.is_dir():
            # a folder cannot replace another one that is not empty
            old = _beside(path)
            os.replace(path, old)
            os.replace(temporary, path)
            shutil.rmtree(old)
        else:
            if path.exists():
                shutil.copymode(path, temporary)
            os.replace(temporary, path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def check_writable(path: str | Path, *, argument: str = "path") -> None:
    """Raise an :class:`OSError`, before any work is done, if ``path`` is not writable."""
    path = Path(path).resolve()
    if path.is_dir():
        raise IsADirectoryError(f"{argument}: {path} is a folder; name a file in it.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{argument}: the folder of {path} does not exist. Create it first.")
    probe = _beside(path)
    try:
        probe.touch()
    except OSError as error:
        raise type(error)(
            error.errno, f"{argument}: nothing can be written to the folder of {path} ({error.strerror}). Name another"
        ) from error
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{uuid.uuid4().hex[:8]}.{path.name}")


def _to_disk(path: Path) -> None:
    """Flush file contents to disk before the file is renamed."""
    for file in [path, *path.rglob("*")] if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as written:
                os.fsync(written.fileno())
