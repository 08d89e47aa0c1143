"""What has a closed form, before the networks are trained: noise, association, sparse effects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from infosem._covariation import Covariation, measure_covariation
from infosem._evidence import against_background, surprisal
from infosem._expression import blocks_of_cells
from infosem._module import InfoSEMModule
from infosem._single_effects import sparse_effects


def start_from_closed_form(
    module: InfoSEMModule, x: Any, cells: np.ndarray, *, effects: bool, device: torch.device
) -> None:
    r"""Estimate the noise of measurement, the association of every pair, and the effects that training starts from.

    The effects are the mean of two estimates, of the latent expression and of the measured one: how much of a gene's
    own variation is noise is itself uncertain.

    Parameters
    ----------
    module
        The module, which takes the estimates in.
    x
        Expression of all cells, cells x genes.
    cells
        Which of them the model is trained on.
    effects
        Whether training starts from the effects' estimate, and not from where the module has them.
    device
        Where the effects are estimated, the longest of it with many regulators: that of the training.
    """
    assert module.denoiser is not None
    regulators = module.regulators.cpu().numpy()
    n_genes = len(module.mean)
    covariation = measure_covariation(_standardised(module, x, cells), regulators, n_genes)
    possible = torch.ones(len(regulators), n_genes, dtype=torch.bool)
    possible[tuple(module.adjacency.impossible.cpu())] = False
    if effects:
        module.adjacency.start_from(_effects(covariation, regulators, possible, len(cells), device))
    module.denoiser.estimate(covariation)
    module.association.copy_(torch.as_tensor(_association(covariation, regulators, possible.numpy())))


def _effects(
    covariation: Covariation, regulators: np.ndarray, possible: Tensor, n_cells: int, device: torch.device
) -> Tensor:
    """Sparse direct effects, ``(R, G)``."""
    columns, possible = torch.as_tensor(regulators, device=device), possible.to(device)
    estimates = [
        sparse_effects(torch.as_tensor(correlation, device=device), columns, n_observations, possible)
        for correlation, n_observations in (
            (covariation.latent, covariation.n_observations),
            (covariation.all, n_cells),
        )
    ]
    return (estimates[0] + estimates[1]) / 2


def _association(covariation: Covariation, regulators: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Evidence of the association of two genes against their background, in nats, ``(R, G)``."""
    share = covariation.own_share
    total = np.zeros(possible.shape, dtype=np.float32)
    for correlation, weight in ((covariation.all, 1.0), (covariation.shared, 1 - share), (covariation.own, share)):
        total += weight * surprisal(against_background(correlation, regulators), possible)
    return total


def _standardised(module: InfoSEMModule, x: Any, cells: np.ndarray) -> Any:
    """Blocks of the cells, standardised, zero where an entry is not counted, with a variance of one."""
    mean, sd = (values.cpu().numpy().astype(np.float32) for values in (module.mean, module.sd))
    chosen = np.zeros(x.shape[0], dtype=bool)
    chosen[cells] = True

    def blocks() -> Iterator[np.ndarray]:
        start = 0
        for block in blocks_of_cells(x):
            block = block[chosen[start : start + len(block)]].astype(np.float32)
            start += len(block)
            z = np.clip((block - mean) / sd, -10, 10)
            yield np.where(block != 0, z, np.float32(0)) if module.only_nonzero else z

    squares = sum((np.square(z).sum(0, dtype=np.float64) for z in blocks()), np.zeros(x.shape[1]))
    scale = np.sqrt(squares / max(len(cells), 1))
    scale = np.where(scale > 0, scale, 1.0).astype(np.float32)
    return lambda: (z / scale for z in blocks())
