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


def spectral_radius(adjacency: Tensor, regulators: Tensor) -> float:
    r"""Largest modulus of the eigenvalues of :math:`A`; below one, :math:`(I - A)^{-1} = I + A + A^2 + \ldots`."""
    among_regulators = adjacency.index_select(1, regulators)
    return float(torch.linalg.eigvals(among_regulators).abs().max()) if len(regulators) else 0.0


def total_effects(adjacency: Tensor, regulators: Tensor, regulator: int) -> Tensor:
    r"""What a unit change of one regulator that is held does to every gene.

    Under :math:`\mathrm{do}(h_i = c)` gene :math:`i` is held and its incoming edges are cut, so that the other genes
    shift by

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
    :math:`\Delta h / \Delta h_i`, ``(G,)``, one for the gene itself.
    """
    direct = adjacency[regulator].clone()
    direct[regulators[regulator]] = 0
    shift = propagate_effects(direct[None], cut_incoming(adjacency, regulators, regulator), regulators)[0]
    shift[regulators[regulator]] = 1
    return shift


def cut_incoming(adjacency: Tensor, regulators: Tensor, regulator: int) -> Tensor:
    """The adjacency without the edges into one of its regulators."""
    cut = adjacency.clone()
    cut[:, regulators[regulator]] = 0
    return cut
