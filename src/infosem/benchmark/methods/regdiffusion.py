"""RegDiffusion, with the package of its authors."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from anndata import AnnData

from infosem.benchmark._method import Labels, Method
from infosem.benchmark.methods._device import torch_device
from infosem.benchmark.methods._expression import dense_expression


@dataclass(frozen=True, kw_only=True)
class RegDiffusion(Method):
    """Absolute adjacency of the diffusion model of Zhu and Slonim (2024), with all genes as regulators.

    Requires the package ``regdiffusion``: ``pip install "infosem[regdiffusion]"``. Constant cells and genes, which it
    cannot scale, are left out. Such genes score zero.

    Parameters
    ----------
    n_steps
        Number of training steps.
    accelerator
        Torch device. ``"auto"`` uses a GPU if available.
    """

    title: ClassVar[str] = "RegDiffusion"
    uses_expression: ClassVar[bool] = True
    n_steps: int = 1000
    accelerator: str = "auto"

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        try:
            from regdiffusion import RegDiffusionTrainer
        except ImportError as error:
            raise ImportError('RegDiffusion is not installed: pip install "infosem[regdiffusion]".') from error

        X = dense_expression(adata)
        X = X[np.ptp(X, axis=1) > 0]
        varies = X.std(0) > 0
        # the progress bar cannot be disabled
        with torch.random.fork_rng(), redirect_stderr(io.StringIO()):
            trainer = RegDiffusionTrainer(
                X[:, varies].astype(np.float32),
                n_steps=self.n_steps,
                device=torch_device(self.accelerator).type,
                seed=seed,
            )
            trainer.train()
        weights = np.zeros((adata.n_vars, adata.n_vars))
        weights[np.ix_(varies, varies)] = np.abs(trainer.get_adj())
        return weights[regulators]
