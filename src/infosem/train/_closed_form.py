"""Closed-form estimates of noise, association and sparse effects, before the networks are trained."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from scvi import REGISTRY_KEYS
from torch import Tensor

from infosem.data._cell_fields import GROUP_FIELD
from infosem.data._cells import RegisteredCells
from infosem.module._vae import InfoSEMModule
from infosem.statistics._covariation import measure_covariation
from infosem.statistics._direct_share import direct_share
from infosem.statistics._group_deviations import GroupNetworks, measure_groups
from infosem.statistics._second_moments import Blocks, power_sums
from infosem.statistics._single_effects import sparse_effects

logger = logging.getLogger(__name__)

_LEAST_AGREEMENT = 0.5


@dataclass(frozen=True)
class Measured:
    """Evidence for each pair from the covariation of the genes; see :class:`infosem.scores.EdgeFacts`."""

    signs: np.ndarray
    association: np.ndarray
    direct_share: float
    agreement: float
    groups: GroupNetworks | None


def start_from_closed_form(
    module: InfoSEMModule,
    cells: RegisteredCells,
    training: np.ndarray,
    *,
    n_groups: int,
    effects: bool,
    device: torch.device,
) -> Measured:
    r"""Estimate measurement noise, the evidence for each pair, the initial effects, and the networks of groups.

    The effects are the mean of two estimates, one from the latent and one from the measured expression, because the
    share of noise in a gene's own variation is itself uncertain.

    Parameters
    ----------
    module
        Module whose noise and effects are set.
    cells
        All registered cells.
    training
        Indices of the training cells.
    n_groups
        Number of groups of cells, which is zero without groups.
    effects
        Whether training starts from the estimated effects. If false, the effects of the module are left unchanged.
    device
        Device on which the effects are estimated. With many regulators this is the longest part.

    Returns
    -------
    Evidence for each pair.
    """
    regulators = module.regulators.cpu().numpy()
    possible = module.adjacency.possible().cpu().numpy()
    blocks = _standardised(module, cells, training)
    covariation = measure_covariation(blocks, regulators, possible)

    if not possible.any():
        logger.warning("None of the %d regulators varies over the cells: there are no edges.", len(regulators))
    elif covariation.agreement < _LEAST_AGREEMENT:
        logger.warning(
            "These %d cells tell next to nothing of the network: the pairs of genes that go together most in one half "
            "of them have a mean correlation of %.2f standard errors in the other half. The order of the edges is "
            "mostly chance. Take more cells, or genes that are seen in more of them.",
            covariation.n_cells,
            covariation.agreement,
        )
    groups, signs, association = None, covariation.signs, covariation.association
    if effects:
        latent, measured = (
            _effects(correlation, n_observations, regulators, possible, device)
            for correlation, n_observations in (
                (covariation.latent, covariation.n_observations),
                (covariation.all, covariation.n_cells),
            )
        )
        start = (latent + measured) / 2
        if n_groups > 1:
            rows = np.sort(training)
            batches = cells.of_cells.get(REGISTRY_KEYS.BATCH_KEY)
            groups, shared = measure_groups(
                blocks,
                cells.of_cells[GROUP_FIELD][rows, 0].astype(int),
                n_groups,
                regulators,
                possible,
                covariation,
                start.cpu().numpy(),
                measured.cpu().numpy(),
                None if batches is None else batches[rows, 0].astype(int),
            )
            signs, association = shared.signs, shared.association
            start = torch.as_tensor(shared.effects, dtype=start.dtype, device=device)
        module.adjacency.start_from(start)
    if module.denoiser is not None:
        module.denoiser.estimate(covariation)
    return Measured(
        signs=np.asarray(signs),
        association=np.asarray(association, dtype=np.float32),
        # rounded to single precision, in which it is saved
        direct_share=float(np.float32(direct_share(covariation.n_observations, len(regulators)))),
        agreement=float(np.float32(covariation.agreement)),
        groups=groups,
    )


def _effects(
    correlation: np.ndarray, n_observations: float, regulators: np.ndarray, possible: np.ndarray, device: torch.device
) -> Tensor:
    """Return sparse direct effects, ``(R, G)``."""
    of_genes, among, can_be = (
        torch.as_tensor(part, device=device) for part in (correlation, correlation[:, regulators], possible)
    )
    return sparse_effects(of_genes, among, n_observations, can_be)


def _standardised(module: InfoSEMModule, cells: RegisteredCells, training: np.ndarray) -> Blocks:
    """Return blocks of standardised cells with a variance of one. Entries that are not counted are zero."""
    standardiser = deepcopy(module.standardiser).cpu()
    chosen = np.zeros(cells.x.shape[0], dtype=bool)
    chosen[training] = True

    def blocks() -> Iterator[np.ndarray]:
        start = 0
        for tensors in cells.batches():
            here = torch.from_numpy(chosen[start : start + len(tensors[REGISTRY_KEYS.X_KEY])])
            start += len(here)
            block = standardiser({key: values[here] for key, values in tensors.items()})
            z = block.standardised().numpy()
            yield np.where(block.x.numpy() != 0, z, np.float32(0)) if module.likelihood.mask_zeros else z

    scale = np.sqrt(power_sums(blocks, cells.x.shape[1], 2)[0] / max(len(training), 1))
    scale = np.where(scale > 0, scale, 1.0).astype(np.float32)
    return lambda: (z / scale for z in blocks())
