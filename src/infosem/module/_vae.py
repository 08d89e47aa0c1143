"""Torch module of InfoSEM, which computes the evidence lower bound (Eqs. 8, 14, 15)."""

from __future__ import annotations

import math
from typing import Any

import torch
from scvi.module.base import BaseModuleClass, LossOutput, auto_move_data
from torch import Tensor

from infosem.module._adjacency import Adjacency, FullAdjacency, LowRankEdges, ProductAdjacency
from infosem.module._denoiser import Denoiser
from infosem.module._gene_data import GeneData
from infosem.module._latent import LatentPrior
from infosem.module._normal_distribution import Normal
from infosem.module._scalar_networks import ScalarNetworks
from infosem.module._sem import propagate_effects, remove_effects
from infosem.module._standardiser import Cells, Standardiser
from infosem.module.likelihoods._base import Distribution, Likelihood
from infosem.module.priors._base import EffectPrior
from infosem.module.priors._labels import LabelDensity

_LEAST_COUNTED = 3.0
"""Largest standardised expression, in absolute value, that the encoder sees often enough in the counted entries."""


class InfoSEMModule(BaseModuleClass):
    r"""Variational auto-encoder with a linear structural equation model as its latent layer.

    Let :math:`X` be the standardised expression (cells x genes) and :math:`A_{ij}` the effect of gene :math:`i` on gene
    :math:`j`. The encoder :math:`f_\phi` and the decoder :math:`f_\theta` are scalar networks that all genes and cells
    share. The model is

    .. math::
        q(Z \mid X, A) &= N\left(m_\phi(X)(I - A),\; e^{l_\phi(X)(I - A)}\right) \\
        H &= Z (I - A)^{-1} \\
        p(X \mid Z, A) &= N\left(\mu_\theta(H), \sigma_\theta^2(H)\right) \\
        p(Z) &= N\left(m_p (I - A),\; e^{l_p (I - A)}\right) \text{ learned per gene, or } N(0, s_z^2) \text{ fixed}

    The training loss is :math:`-\tfrac{2}{M}` times the ELBO, which is a sum of means:

    .. math:: \overline{(X - \mu)^2} + \beta\, \overline{\mathrm{KL}} + \text{prior penalties}

    The first mean is over the :math:`M` counted entries, the second over all cells and genes. In the ELBO, the KL
    divergence has the weight :math:`\beta M / (2NG)`.

    Parameters
    ----------
    genes
        Data about the genes.
    standardiser
        Standardisation of the cells.
    n_cells
        Number :math:`N` of cells.
    prior
        Prior of the effects.
    low_rank
        Settings of low-rank edge probabilities, or ``None`` for an adjacency without them.
    likelihood, latent, networks
        See :class:`infosem.InfoSEM`.
    initial_effect
        Initial total effect on each gene, shared equally by the regulators.
    generator
        Torch generator for the initial parameters.
    """

    def __init__(
        self,
        genes: GeneData,
        standardiser: Standardiser,
        *,
        n_cells: int,
        prior: EffectPrior,
        low_rank: LowRankEdges | None,
        likelihood: Likelihood,
        latent: LatentPrior,
        networks: ScalarNetworks,
        initial_effect: float,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        n_genes = len(genes.names)
        self.n_cells, self.n_counted = n_cells, genes.n_counted
        self.likelihood, self.beta = likelihood, latent.kl_weight

        self.standardiser = standardiser
        self.register_buffer("regulators", genes.regulators)
        shape = len(genes.regulators), n_genes
        possible = genes.varies[genes.regulators][:, None] & genes.varies[None, :]
        possible[torch.arange(len(genes.regulators)), genes.regulators] = False
        impossible = torch.stack(torch.nonzero(~possible, as_tuple=True))

        self.denoiser = Denoiser(n_genes) if networks.denoise else None
        self.encoder = networks.build(2, generator)
        self.decoder = networks.build(likelihood.n_outputs, generator)
        self.output = likelihood.build(genes, standardiser)
        self.latent = latent.build(n_genes)
        self.adjacency: FullAdjacency
        self.interaction_prior: LabelDensity | None = None
        if low_rank is None:
            self.adjacency = FullAdjacency(shape, impossible, initial_effect=initial_effect, generator=generator)
        else:
            assert genes.pairs is not None
            assert genes.is_edge is not None
            self.adjacency = ProductAdjacency(
                shape, impossible, rank=low_rank.rank, initial_effect=initial_effect, generator=generator
            )
            self.interaction_prior = LabelDensity(genes.pairs, genes.is_edge, weight=low_rank.weight)
        self.effect_prior = prior.build(genes, self.adjacency)

    def latent_input(self, cells: Cells) -> Tensor:
        """Return the input of the encoder, ``(B, G)``.

        With a denoiser, entries that are not counted are replaced by the mean of the gene, and the expression is
        denoised. Without one, this is the standardised expression.
        """
        if self.denoiser is None:
            return cells.standardised()
        return self.denoiser(cells.standardised() * self.likelihood.counted(cells.x))

    def _get_inference_input(self, tensors: dict[str, Tensor], **_: object) -> dict[str, dict[str, Tensor]]:
        return {"tensors": tensors}

    def _get_generative_input(
        self, tensors: dict[str, Tensor], inference_outputs: dict[str, Any], **_: object
    ) -> dict[str, Tensor]:
        return {"z": inference_outputs["z"], "weights": inference_outputs["adjacency"].weights}

    @auto_move_data
    def inference(self, tensors: dict[str, Tensor], generator: torch.Generator | None = None) -> dict[str, Any]:
        r"""Draw the latent noise of each cell from :math:`q(Z | X, A)`.

        Parameters
        ----------
        tensors
            Minibatch of cells, by registry key.
        generator
            Torch generator for the draw.

        Returns
        -------
        Dictionary of the sample ``z``, its distribution ``qz`` and the encoded mean ``h``, :math:`m_\phi(x)`, each
        ``(B, G)``; the ``cells`` as the model sees them; and the ``adjacency`` with its ``weights``, ``effects`` and
        ``logits``.
        """
        adjacency: Adjacency = self.adjacency()
        cells: Cells = self.standardiser(tensors)
        encoded = self.encoder(self.latent_input(cells))
        qz = Normal(*remove_effects(encoded, adjacency.weights, self.regulators))
        return {"z": qz.sample(generator), "qz": qz, "cells": cells, "h": encoded[0], "adjacency": adjacency}

    @auto_move_data
    def generative(self, z: Tensor, weights: Tensor) -> dict[str, Any]:
        """Decode latent noise.

        Parameters
        ----------
        z
            Latent noise, ``(B, G)``.
        weights
            Adjacency, ``(R, G)``.

        Returns
        -------
        Dictionary of ``px``, the distribution of the standardised expression, and ``pz``, the prior of the latent
        noise.
        """
        px = self.decode(propagate_effects(z, weights, self.regulators))
        return {"px": px, "pz": self.latent(weights, self.regulators)}

    def decode(self, h: Tensor) -> Distribution:
        """Return the distribution of the standardised expression given the latent state ``h``, ``(..., G)``."""
        mean, *others = self.decoder(h)
        px: Distribution = self.output(mean if self.denoiser is None else mean * self.denoiser.sd, *others)
        return px

    def latent_state(self, cells: Cells, x: Tensor, column: int) -> Tensor:
        """Return the latent state of one gene that is held at an expression level, hence without noise.

        Parameters
        ----------
        cells
            Cells in which it is held.
        x
            Log-normalised expression of the gene, ``(B, 1)``.
        column
            Column of the gene.
        """
        held = cells.of_gene(column, x).standardised()
        if self.denoiser is not None:
            if self.likelihood.mask_zeros:
                held = held.clamp(-_LEAST_COUNTED, _LEAST_COUNTED)
            held = held / self.denoiser.sd[column]
        return self.encoder(held)[0]

    def loss(
        self,
        tensors: dict[str, Tensor],
        inference_outputs: dict[str, Any],
        generative_outputs: dict[str, Any],
    ) -> LossOutput:
        r"""Compute the loss of a batch, which is :math:`-\tfrac{2}{M}` times the ELBO, and the terms of the ELBO.

        ``reconstruction_loss`` and ``kl_local`` are in nats per cell. The KL divergence is weighted as in the ELBO.
        ``kl_global`` is :math:`-\log p(A)`.
        """
        cells: Cells = inference_outputs["cells"]
        counted = self.likelihood.counted(cells.x)
        px, pz = generative_outputs["px"], generative_outputs["pz"]
        misfit = (self.likelihood.deviance(px, cells) * counted).sum(1)
        n_counted = counted.sum(1)
        kl = inference_outputs["qz"].kl_divergence(pz).sum(1)
        penalty = self.penalty(inference_outputs["adjacency"])
        loss = misfit.sum() / n_counted.sum().clamp_min(1) + self.beta * kl.mean() / cells.x.shape[1] + penalty
        return LossOutput(
            loss=loss,
            reconstruction_loss=0.5 * (misfit + n_counted * math.log(2 * math.pi)),
            kl_local=self.kl_weight * kl,
            kl_global=-self.log_prior(penalty.detach()),
        )

    @property
    def kl_weight(self) -> float:
        r"""Weight :math:`\beta M / (2NG)` of the KL divergence in the ELBO."""
        return self.beta * self.n_counted / (2 * self.n_cells * len(self.standardiser.mean))

    def penalty(self, adjacency: Adjacency) -> Tensor:
        """Return the contribution of the priors to the training loss."""
        total = self.effect_prior.penalty(adjacency.effects)
        coefficients = self.effect_prior.coefficient_log_prob()
        if coefficients is not None:
            total = total - 2 / self.n_counted * coefficients
        if self.interaction_prior is not None:
            assert adjacency.logits is not None
            total = total + self.interaction_prior.penalty(adjacency.logits)
        return total

    def log_prior(self, penalty: Tensor) -> Tensor:
        r"""Return the log density of all parameters of :math:`A`, in nats, given their :meth:`penalty`."""
        priors = [self.effect_prior] if self.interaction_prior is None else [self.effect_prior, self.interaction_prior]
        return -0.5 * self.n_counted * penalty - sum(prior.log_normaliser(self.n_counted) for prior in priors)

    @torch.inference_mode()
    def sample(self, n_cells: int, generator: torch.Generator | None = None) -> Tensor:
        """Sample cells from the generative model.

        Parameters
        ----------
        n_cells
            Number of cells to sample.
        generator
            Torch generator for the samples.

        Returns
        -------
        Log-normalised expression of cells with average batch and covariates, ``(n_cells, G)``.
        """
        weights = self.adjacency().weights
        pz = self.latent(weights, self.regulators)
        z = Normal(pz.mean.expand(n_cells, -1), pz.log_variance).sample(generator)
        return self.standardiser.average().restore(self.generative(z, weights)["px"].sample(generator))
