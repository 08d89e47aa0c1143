"""What a term of the evidence is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from infosem.data._settings import Settings
from infosem.scores._edge_data import EdgeData


class Evidence(Settings, ABC):
    """A kind of evidence for edges. Subclasses are frozen dataclasses (see :func:`infosem.register`).

    Attributes
    ----------
    name
        Column of the edge table and ending of the key in ``varp``.
    """

    name: ClassVar[str]

    @abstractmethod
    def log_score(self, edges: EdgeData) -> np.ndarray:
        """Evidence for every pair, ``(R, G)`` float32, in nats; zero is neutral."""

    def applies(self, edges: EdgeData) -> bool:
        """Whether the data have what the term reads; it is left out if not."""
        return True

    def worth_of_others(self, edges: EdgeData) -> float:
        """Factor on the terms before this one: what a nat of theirs is worth beside it."""
        return 1.0
