"""Where the package keeps on disk what took long to come by."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


def cache_folder(cache: str | Path, kind: str) -> Path:
    """The folder that ``cache`` names, or for ``"auto"`` ``infosem/<kind>`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.

    Raises
    ------
    OSError
        If there is no home directory.
    """
    if cache != "auto":
        return Path(cache)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "infosem" / kind
    except RuntimeError as error:
        raise OSError("there is no home directory; name a folder: cache=, or XDG_CACHE_HOME=/path") from error


class Kept:
    """Values by key in a file; what is added is there at once, also after an interruption.

    A file that cannot be read or written is passed over with a warning that names it: everything is asked for again, or
    kept no longer.

    Parameters
    ----------
    cache
        Folder, ``"auto"``, or ``None`` to keep nothing.
    kind
        As for :func:`cache_folder`.
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
        """The value of a key, ``None`` if there is none."""
        if self._database is None:
            return None
        try:
            row = self._database.execute(self._select, (key,)).fetchone()
        except sqlite3.Error as error:
            self._pass_over(error)
            return None
        return None if row is None else row[0]

    def add(self, values: Mapping[str, Any]) -> None:
        """Keep values by their keys."""
        if self._database is None or not self._is_written:
            return
        try:
            with self._database:
                self._database.executemany(self._insert, list(values.items()))
        except sqlite3.Error as error:
            self._is_written = False
            logger.warning("Nothing more is kept in %s (%s); name another folder: cache=.", self.path, error)

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()

    def _pass_over(self, error: Exception) -> None:
        logger.warning(
            "The cache %s cannot be used (%s): what is in it is not read, and nothing is kept. Delete it, or name "
            "another folder: cache=.",
            self.path,
            error,
        )
        self.close()
        self._database = None
