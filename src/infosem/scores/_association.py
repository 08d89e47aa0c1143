"""Evidence from the association of two genes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infosem.data._settings import register
from infosem.scores._edge_data import EdgeData
from infosem.scores._evidence import Evidence


@register
@dataclass(frozen=True, kw_only=True)
class Association(Evidence):
    """Correlation of the two genes, compared with the correlations that each has with all other genes.

    One half is computed from all variation. The other half is computed from the patterns that many genes share and from
    the genes' own variation. This evidence has the weight :math:`1 - w`, where :math:`w` is the weight of the direct
    effects (see :class:`DirectEffect`).
    """

    name: ClassVar[str] = "association"

    def applies(self, edges: EdgeData) -> bool:
        """Return whether the association was measured."""
        return edges.facts.association is not None

    def log_score(self, edges: EdgeData) -> np.ndarray:
        """See :meth:`Evidence.log_score`."""
        assert edges.facts.association is not None
        return np.float32(1 - edges.facts.direct_share) * edges.facts.association
