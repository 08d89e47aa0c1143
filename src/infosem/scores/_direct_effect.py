"""Evidence from the direct effect of the regulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infosem.data._settings import register
from infosem.scores._edge_data import EdgeData
from infosem.scores._evidence import Evidence
from infosem.statistics._surprisal import surprisal


@register
@dataclass(frozen=True, kw_only=True)
class DirectEffect(Evidence):
    r"""Size :math:`|A_{ij}|` of the direct effect of the regulator.

    This evidence has the weight :math:`w = 0.8\, n / (n + 0.4 R)`, for :math:`n` independent observations and :math:`R`
    regulators. The direct effects of the regulators can be distinguished as far as there are as many independent
    observations as regulators.
    """

    name: ClassVar[str] = "direct"

    def log_score(self, edges: EdgeData) -> np.ndarray:
        """See :meth:`Evidence.log_score`."""
        return np.float32(edges.facts.direct_share) * surprisal(np.abs(edges.adjacency), edges.possible)
