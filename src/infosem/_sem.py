r"""The linear structural equation model of the latent layer, restricted to regulators.

With cells as rows and :math:`A_{ij}` the effect of gene :math:`i` on gene :math:`j`, only the :math:`R` regulators
have rows in :math:`A`; writing :math:`h_R` for the regulators' columns of :math:`h`,

.. math:: z = h (I - A) = h - h_R A, \qquad h = z (I - A)^{-1} = z + z_R (I - A_{RR})^{-1} A .

Nothing here is larger than :math:`R \times G`.
"""

from __future__ import annotations

import torch
from torch import Tensor


def remove_effects(h: Tensor, adjacency: Tensor, regulators: Tensor) -> Tensor:
    """Return ``h (I - A)``: what is left of each gene once its regulators' effects are taken away.

    Parameters
    ----------
    h
        Values per cell and gene, ``(..., G)``.
    adjacency
        Effects of the regulators, ``(R, G)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    """
    return h - h.index_select(-1, regulators) @ adjacency


def propagate_effects(z: Tensor, adjacency: Tensor, regulators: Tensor) -> Tensor:
    """Return ``z (I - A)^-1``: the values that solve the structural equations for the noise ``z``.

    One ``R x R`` system is solved with the cells as right-hand sides; no inverse is formed.

    Parameters
    ----------
    z
        Noise per cell and gene, ``(N, G)``.
    adjacency
        Effects of the regulators, ``(R, G)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    """
    among_regulators = adjacency.index_select(1, regulators)
    identity = torch.eye(len(regulators), device=z.device, dtype=z.dtype)
    h_regulators = torch.linalg.solve(identity - among_regulators, z.index_select(1, regulators), left=False)
    return z + h_regulators @ adjacency
