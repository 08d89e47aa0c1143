"""Ranking of the edges, by a sum of several kinds of evidence or by the absolute adjacency."""

from infosem.scores._association import Association
from infosem.scores._direct_effect import DirectEffect
from infosem.scores._edge_data import EdgeData, EdgeFacts
from infosem.scores._evidence import Evidence
from infosem.scores._kernel_edges import KernelEdges
from infosem.scores._known_interactions import KnownInteractions
from infosem.scores._ranking import AbsoluteAdjacency, Ranking, SumOfEvidence
from infosem.scores._regulator_level import RegulatorLevel
from infosem.scores._text_similarity import TextSimilarity

__all__ = [
    "AbsoluteAdjacency",
    "Association",
    "DirectEffect",
    "EdgeData",
    "EdgeFacts",
    "Evidence",
    "KernelEdges",
    "KnownInteractions",
    "Ranking",
    "RegulatorLevel",
    "SumOfEvidence",
    "TextSimilarity",
]
