"""On-disk cache of results that take long to obtain."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


def cache_folder(cache: str | Path, kind: str) -> Path:
    """Return the folder ``cache``, or for ``"auto"`` ``infosem/<kind>`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.

    Raises
    ------
    OSError
        If the home directory cannot be determined.
    """
    if cache != "auto":
        return Path(cache)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "infosem" / kind
    except RuntimeError as error:
        raise OSError("there is no home directory; name a folder: cache=, or XDG_CACHE_HOME=/path") from error


class Kept:
    """Persistent key-value store in a file. Additions are saved immediately.

    If the file cannot be read or written, a warning names it, and the cache is not used or no longer extended.

    Parameters
    ----------
    cache
        Folder, ``"auto"``, or ``None`` to disable the cache.
    kind
        Subfolder, as in :func:`cache_folder`.
    file
        Name of the file.
    table, key, value
        Names of the table and its columns.
    """

    def __init__(self, cache: str | Path | None, kind: str, file: str, *, table: str, key: str, value: str) -> None:
        self._select = f"SELECT {value} FROM {table} WHERE {key} = ?"
        self._insert = f"INSERT OR REPLACE INTO {table} VALUES (?, ?)"
        self.path: Path | str = file
        self._database: sqlite3.Connection | None = None
        self._is_written = True
        if cache is None:
            return
        try:
            folder = cache_folder(cache, kind)
            self.path = folder / file
            folder.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.path, timeout=60)
            with self._database:
                self._database.execute(f"CREATE TABLE IF NOT EXISTS {table} ({key} TEXT PRIMARY KEY, {value})")
        except (OSError, sqlite3.Error) as error:
            self._pass_over(error)

    def get(self, key: str) -> Any:
        """Return the value of a key, ``None`` if it is missing."""
        if self._database is None:
            return None
        try:
            row = self._database.execute(self._select, (key,)).fetchone()
        except sqlite3.Error as error:
            self._pass_over(error)
            return None
        return None if row is None else row[0]

    def add(self, values: Mapping[str, Any]) -> None:
        """Add values by key."""
        if self._database is None or not self._is_written:
            return
        try:
            with self._database:
                self._database.executemany(self._insert, list(values.items()))
        except sqlite3.Error as error:
            self._is_written = False
            logger.warning("Nothing more is added to the cache %s (%s); name another folder: cache=.", self.path, error)

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()

    def _pass_over(self, error: Exception) -> None:
        logger.warning(
            "The cache %s cannot be used (%s): nothing is read from it or added to it. Delete it, or name another "
            "folder: cache=.",
            self.path,
            error,
        )
        self.close()
        self._database = None
