"""Base class of the kinds of evidence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from infosem.data._settings import Settings
from infosem.scores._edge_data import EdgeData


class Evidence(Settings, ABC):
    """Base class of a kind of evidence for edges.

    Subclasses are frozen dataclasses (see :func:`infosem.register`).

    Attributes
    ----------
    name
        Name of the column in the table of edges, and suffix of the key in ``varp``.
    """

    name: ClassVar[str]

    @abstractmethod
    def log_score(self, edges: EdgeData) -> np.ndarray:
        """Return the evidence for each pair in nats, ``(R, G)``, float32. Zero is neutral.

        Parameters
        ----------
        edges
            Data that the evidence can use.
        """

    def applies(self, edges: EdgeData) -> bool:
        """Return whether the data that this kind of evidence needs are available. If not, it is left out."""
        return True

    def worth_of_others(self, edges: EdgeData) -> float:
        """Return a factor for the preceding terms, which weights them relative to this one."""
        return 1.0
