"""Prior mean of InfoSEM-B."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import torch

from infosem import InfoSEM
from infosem.benchmark.methods.infosem_b import InfoSEMB
from infosem.module._priors import EmbeddingPrior


@dataclass(frozen=True, kw_only=True)
class PriorMean(InfoSEMB):
    r"""Absolute trained prior mean :math:`|c + u_i + v_j|` of the effect, without the effect itself.

    Expression enters the score only through the trained coefficients.
    """

    title: ClassVar[str] = "InfoSEM-B, prior mean"

    def _read(self, model: InfoSEM, regulators: np.ndarray) -> np.ndarray:
        prior = cast("EmbeddingPrior", model.module.effect_prior)
        with torch.no_grad():
            # rows are regulators in the order of the genes, as in ``regulators``
            return prior.mean().abs().cpu().numpy()
