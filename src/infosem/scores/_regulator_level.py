"""Evidence of a regulator's total effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infosem.data._settings import register
from infosem.scores._edge_data import EdgeData
from infosem.scores._evidence import Evidence

_PRIOR_SHARE = 0.1
"""Of an average total effect, added to every regulator's: one without any effect has a level, too."""


@register
@dataclass(frozen=True, kw_only=True)
class RegulatorLevel(Evidence):
    """Logarithm of the regulator's total effect over an average one's, as far as levels differ by more than chance.

    It has the weight of the direct effects, as :class:`DirectEffect`.
    """

    name: ClassVar[str] = "level"

    def log_score(self, edges: EdgeData) -> np.ndarray:
        """See :meth:`Evidence.log_score`."""
        level = levels(np.abs(edges.adjacency), edges.possible.sum(1))
        return np.where(edges.possible, edges.facts.direct_share * level[:, None], 0).astype(np.float32)


def levels(size: np.ndarray, n_targets: np.ndarray) -> np.ndarray:
    r"""Logarithm of every regulator's total effect over that of an average one, shrunk, ``(R,)``.

    The variance of the levels is that of the regulators plus that of sampling :math:`n` targets, which is the squared
    coefficient of variation of their effects over :math:`n`. Every level is shrunk by the share that is sampling.

    Parameters
    ----------
    size
        Absolute effects, ``(R, G)``.
    n_targets
        Number of possible targets of each regulator, ``(R,)``.
    """
    total = size.sum(1, dtype=np.float64)
    if not total.any():
        return total
    with_prior = total + _PRIOR_SHARE * total.mean()
    level = np.log(with_prior / with_prior.mean())
    n_targets = np.maximum(n_targets, 1)
    mean = np.where(total > 0, total, np.inf) / n_targets
    sampling = np.maximum(np.square(size).sum(1) / n_targets / np.square(mean) - 1, 0) / n_targets
    variance = max(level.var(), np.finfo(float).tiny)
    return max(0.0, 1 - float(np.minimum(sampling, 1).mean()) / variance) * level
