"""Evidence from the total effect of the regulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infosem.data._settings import register
from infosem.scores._edge_data import EdgeData
from infosem.scores._evidence import Evidence

_PRIOR_SHARE = 0.1
"""Share of the mean total effect that is added to each regulator's, so that the level is finite without any effect."""


@register
@dataclass(frozen=True, kw_only=True)
class RegulatorLevel(Evidence):
    """Log ratio of the regulator's total effect to the mean total effect of all regulators.

    It is shrunk by the share of the variance of the levels that is due to the sampling of targets. Its weight is the
    weight of the direct effects (see :class:`DirectEffect`).
    """

    name: ClassVar[str] = "level"

    def log_score(self, edges: EdgeData) -> np.ndarray:
        """See :meth:`Evidence.log_score`."""
        level = levels(np.abs(edges.adjacency), edges.possible.sum(1))
        return np.where(edges.possible, edges.facts.direct_share * level[:, None], 0).astype(np.float32)


def levels(size: np.ndarray, n_targets: np.ndarray) -> np.ndarray:
    r"""Return the log ratio of each regulator's total effect to the mean total effect, shrunk towards zero, ``(R,)``.

    The variance of the levels is the variance between regulators plus the variance from sampling :math:`n` targets. The
    latter is the squared coefficient of variation of the effects divided by :math:`n`. Each level is shrunk by the
    share of the variance that is due to sampling.

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
