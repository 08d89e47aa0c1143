"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A path beside ``path`` to write a file or folder to, which takes its place when the block ends.

    It has the same ending. If the block raises, what is under ``path`` stays as it was; a kill can leave a hidden file
    behind, but never half of one under ``path``.
    """
    path = Path(path).resolve()  # of a link, what it points to
    temporary = _beside(path)
    try:
        yield temporary
        _to_disk(temporary)
        if path.is_dir():
            # a folder cannot take the place of one that is not empty
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
    """Raise an :class:`OSError` if a file could not be written to ``path``: before the work, not after it."""
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
    """Have the system write what it still holds in memory, before the name changes."""
    for file in [path, *path.rglob("*")] if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as written:
                os.fsync(written.fileno())
