"""The mean of InfoSEM-B's prior alone."""

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
    r"""Score a pair by :math:`|c + u_i + v_j|`, the trained prior mean of its effect, without the effect itself.

    All that is left of the expression is what shaped the coefficients.
    """

    title: ClassVar[str] = "InfoSEM-B, prior mean"

    def _read(self, model: InfoSEM, regulators: np.ndarray) -> np.ndarray:
        prior = cast("EmbeddingPrior", model.module.effect_prior)
        with torch.no_grad():
            # regulators are rows in the order of the genes, as here
            return prior.mean().abs().cpu().numpy()
