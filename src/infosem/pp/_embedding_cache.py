"""On-disk cache of text embeddings."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from infosem.files._cache import Kept

logger = logging.getLogger(__name__)


class EmbeddingCache:
    """Vectors by text, for one model with one set of settings. Additions are saved immediately.

    Parameters
    ----------
    cache
        Folder of the caches of all models, ``"auto"``, or ``None`` to disable caching.
    identity
        Everything that determines a vector, apart from the text.
    width
        Length of the vectors of the model, if known. Stored vectors of another length are ignored.
    """

    def __init__(self, cache: str | Path | None, identity: str, *, width: int | None) -> None:
        file = f"{_digest(identity)}.sqlite"
        self._kept = Kept(cache, "embeddings", file, table="vectors", key="text", value="vector")
        self._width = width

    def get(self, texts: Iterable[str]) -> dict[str, np.ndarray]:
        """Return the vectors of the texts that are cached."""
        found, n_wrong = {}, 0
        for text in texts:
            stored = self._kept.get(_digest(text))
            if stored is None:
                continue
            if not isinstance(stored, bytes) or len(stored) % 4 or self._width not in (None, len(stored) // 4):
                n_wrong += 1
                continue
            found[text] = np.frombuffer(stored, dtype=np.float32)
        if n_wrong:
            logger.warning(
                "%d vectors in the cache %s do not belong to this model and are computed again.",
                n_wrong,
                self._kept.path,
            )
        return found

    def add(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Add vectors to the cache."""
        self._kept.add(
            {_digest(text): np.ascontiguousarray(vector, np.float32).tobytes() for text, vector in vectors.items()}
        )

    def close(self) -> None:
        """Close the cache file."""
        self._kept.close()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
