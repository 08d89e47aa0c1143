"""Text embeddings that were computed before, on disk."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np


class EmbeddingCache:
    """Vectors by text, of one model with one setting; what is added is there at once, also after an interruption.

    Parameters
    ----------
    folder
        Where the caches of all models are; ``None`` for one in memory.
    identity
        Everything besides the text that the vector depends on.
    """

    def __init__(self, folder: Path | None, identity: str) -> None:
        where = ":memory:"
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            where = str(folder / f"{_digest(identity)}.sqlite")
        self._database = sqlite3.connect(where, timeout=60)
        with self._database:
            self._database.execute("CREATE TABLE IF NOT EXISTS vectors (text TEXT PRIMARY KEY, vector BLOB)")

    def get(self, texts: Iterable[str]) -> dict[str, np.ndarray]:
        """Vectors of those texts that are there."""
        found = {}
        for text in texts:
            row = self._database.execute("SELECT vector FROM vectors WHERE text = ?", (_digest(text),)).fetchone()
            if row is not None:
                found[text] = np.frombuffer(row[0], dtype=np.float32)
        return found

    def add(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Keep the vectors."""
        rows = [(_digest(text), np.ascontiguousarray(vector, np.float32).tobytes()) for text, vector in vectors.items()]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
