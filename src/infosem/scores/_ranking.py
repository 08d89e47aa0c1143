r"""Rankings of the edges, by a sum of evidence or by the absolute adjacency."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from reprlib import repr as shown
from typing import ClassVar, Self

import numpy as np

from infosem.data import _keys
from infosem.data._settings import Settings, register
from infosem.scores._association import Association
from infosem.scores._direct_effect import DirectEffect
from infosem.scores._edge_data import EdgeData
from infosem.scores._evidence import Evidence
from infosem.scores._known_interactions import KnownInteractions
from infosem.scores._regulator_level import RegulatorLevel
from infosem.scores._text_similarity import TextSimilarity

_DEFAULT = (Association(), DirectEffect(), RegulatorLevel(), TextSimilarity(), KnownInteractions())


class Ranking(Settings, ABC):
    """Base class of settings of the ranking of the edges.

    Attributes
    ----------
    reads_association
        Whether the ranking uses the association of the genes in :class:`infosem.scores.EdgeFacts`, which is measured at
        the start of training.
    """

    reads_association: ClassVar[bool] = True

    @abstractmethod
    def rank(self, edges: EdgeData) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the strength of each edge, ``(R, G)``, and its parts by name, ``(R, G)`` each.

        The strength is not negative, and zero for pairs that cannot be edges.

        Parameters
        ----------
        edges
            Data that the ranking can use.
        """


@register
@dataclass(frozen=True, kw_only=True)
class SumOfEvidence(Ranking):
    r"""Ranking of the edges by the sum of several kinds of evidence, in nats.

    The strength of an edge is

    .. math:: \log(1 + e^{E_{ij}}), \qquad E_{ij} = \sum_k e^{(k)}_{ij}

    Parameters
    ----------
    terms
        Kinds of evidence, in the order in which they are added. A term can use the sum of the preceding terms.
    """

    terms: tuple[Evidence, ...] = _DEFAULT

    def __post_init__(self) -> None:
        if not isinstance(self.terms, tuple | list):
            raise TypeError(f"terms={shown(self.terms)} must be a tuple of evidence terms.")
        wrong = [term for term in self.terms if not isinstance(term, Evidence)]
        names = [term.name for term in self.terms if isinstance(term, Evidence)]
        if wrong or not names:
            raise TypeError(
                f"terms={shown(self.terms)} must be evidence terms, for instance infosem.scores.Association(), in a "
                "tuple."
            )
        if taken := sorted(_keys.RESERVED & set(names)):
            raise ValueError(f"An evidence term cannot be called {taken[0]!r}, which is a column of every edge table.")
        if len(set(names)) < len(names):
            raise ValueError(f"terms={shown(self.terms)} has two terms of the same name; each needs a name of its own.")
        object.__setattr__(self, "terms", tuple(self.terms))

    def plus(self, *terms: Evidence) -> Self:
        """Return a copy of this ranking with further terms at the end."""
        return replace(self, terms=(*self.terms, *terms))

    def rank(self, edges: EdgeData) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """See :meth:`Ranking.rank`."""
        parts: dict[str, np.ndarray] = {}
        for term in self.terms:
            if not term.applies(edges):
                continue
            edges = replace(edges, so_far=_total(parts) if parts else None)
            worth = np.float32(term.worth_of_others(edges))
            parts = {name: worth * part for name, part in parts.items()}
            parts[term.name] = _checked_score(term, edges)
        parts = {name: np.where(edges.possible, part, 0) for name, part in parts.items()}
        total = _total(parts) if parts else np.zeros(edges.possible.shape, dtype=np.float32)
        return np.where(edges.possible, np.logaddexp(0, total), 0), parts


@register
@dataclass(frozen=True, kw_only=True)
class AbsoluteAdjacency(Ranking):
    """Ranking of the edges by the absolute adjacency :math:`|A_{ij}|`, as in the paper."""

    reads_association: ClassVar[bool] = False

    def rank(self, edges: EdgeData) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """See :meth:`Ranking.rank`."""
        return np.abs(edges.adjacency), {}


def _checked_score(term: Evidence, edges: EdgeData) -> np.ndarray:
    score = np.asarray(term.log_score(edges))
    if score.shape != edges.possible.shape or score.dtype.kind not in "fiu":
        raise ValueError(
            f"{type(term).__name__}.log_score returned {score.dtype} of shape {score.shape}, expected numbers of shape "
            f"{edges.possible.shape}: one for each regulator and gene."
        )
    if not np.isfinite(score[edges.possible]).all():
        raise ValueError(f"{type(term).__name__}.log_score returned values that are not finite; zero is neutral.")
    return score


def _total(parts: Mapping[str, np.ndarray]) -> np.ndarray:
    first, *others = parts.values()
    return np.asarray(sum(others, first))
