r"""Linear structural equation model of the latent layer.

Cells are rows, and :math:`A_{ij}` is the effect of gene :math:`i` on gene :math:`j`. Only the :math:`R` regulators have
rows in :math:`A`. With :math:`h_R` the regulators' columns of :math:`h`,

.. math:: z = h (I - A) = h - h_R A, \qquad h = z (I - A)^{-1} = z + z_R (I - A_{RR})^{-1} A .

No matrix is larger than :math:`R \times G`, apart from the values of the cells.
"""

from __future__ import annotations

import torch
from torch import Tensor


def remove_effects(h: Tensor, adjacency: Tensor, regulators: Tensor) -> Tensor:
    """Return ``h (I - A)``, the values of each gene after subtraction of the regulators' effects.

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
    """Return ``z (I - A)^-1``, the solution of the structural equations for the noise ``z``.

    One ``R x R`` system is solved with the cells as right-hand sides, without forming an inverse.

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


def spectral_radius(adjacency: Tensor, regulators: Tensor) -> float:
    r"""Return the spectral radius of :math:`A`, the largest absolute value of its eigenvalues.

    If it is below one, :math:`(I - A)^{-1} = I + A + A^2 + \ldots`.
    """
    among_regulators = adjacency.index_select(1, regulators)
    return float(torch.linalg.eigvals(among_regulators).abs().max()) if len(regulators) else 0.0


def total_effects(adjacency: Tensor, regulators: Tensor, regulator: int) -> Tensor:
    r"""Return the total effects of a unit change of one regulator on all genes.

    Under :math:`\mathrm{do}(h_i = c)` gene :math:`i` is held and its incoming edges are cut. The other genes shift by

    .. math:: \Delta h_{-i} = \Delta h_i \, A_{i,-i} (I - A_{-i,-i})^{-1} .

    Parameters
    ----------
    adjacency
        Effects of the regulators, ``(R, G)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    regulator
        Row of the regulator that is held.

    Returns
    -------
    Total effects :math:`\Delta h / \Delta h_i`, ``(G,)``, which are one for the regulator itself.
    """
    direct = adjacency[regulator].clone()
    direct[regulators[regulator]] = 0
    shift = propagate_effects(direct[None], cut_incoming(adjacency, regulators, regulator), regulators)[0]
    shift[regulators[regulator]] = 1
    return shift


def cut_incoming(adjacency: Tensor, regulators: Tensor, regulator: int) -> Tensor:
    """Return the adjacency without the incoming edges of one regulator."""
    cut = adjacency.clone()
    cut[:, regulators[regulator]] = 0
    return cut
