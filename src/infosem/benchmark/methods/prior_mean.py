"""Prior mean of InfoSEM-B."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infosem.benchmark.methods.infosem_b import InfoSEMB
from infosem.model._infosem import InfoSEM


@dataclass(frozen=True, kw_only=True)
class PriorMean(InfoSEMB):
    r"""Absolute trained prior mean :math:`|c + u_i + v_j|` of the effect, without the effect itself.

    Expression enters the score only through the trained coefficients.
    """

    title: ClassVar[str] = "InfoSEM-B, prior mean"

    def _read(self, model: InfoSEM, regulators: np.ndarray) -> np.ndarray:
        mean = model.get_prior_mean()
        assert mean is not None
        # regulators are rows in the order of the genes, as here
        return mean.abs().to_numpy()
