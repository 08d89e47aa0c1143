"""The evidence lower bound of InfoSEM (Eqs. 8, 14, 15), on tensors only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from scvi import REGISTRY_KEYS
from scvi.module.base import BaseModuleClass, LossOutput, auto_move_data
from torch import Tensor, nn

from infosem.module._adjacency import Adjacency, FullAdjacency, ProductAdjacency
from infosem.module._denoiser import Denoiser
from infosem.module._gaussian import Gaussian
from infosem.module._networks import ScalarNetwork, TabulatedNetwork
from infosem.module._priors import EmbeddingPrior, InteractionPrior, LaplacePrior, ShrinkagePrior
from infosem.module._sem import propagate_effects, remove_effects
from infosem.scores._edge_probability import EdgeProbability

_LEAST_COUNTED = 3.0
"""Standard deviations from the mean of the values that are counted, beyond which the encoder has seen next to none."""

PriorName = Literal["laplace", "embedding", "interactions", "embedding+interactions"]


@dataclass(frozen=True)
class GeneData:
    """What the model knows of the genes, as tensors.

    Attributes
    ----------
    mean, sd
        Location and scale of the standardisation, ``(G,)``.
    varies
        Genes that are not constant over the cells, boolean ``(G,)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    n_counted
        Number :math:`M` of entries of the expression that the loss counts.
    signs
        Sign of the correlation of every regulator with every gene, zero within noise, int8 ``(R, G)``.
    profiles
        Coordinates of the genes in the patterns of their correlations, ``(G, k)``.
    embeddings
        Text embedding of each gene, ``(G, d)``, rows of NaN where there is none.
    pairs, is_edge
        Observed pairs (regulator row, target column), ``(2, P_obs)``, and which of them are known edges.
    """

    mean: Tensor
    sd: Tensor
    varies: Tensor
    regulators: Tensor
    n_counted: int
    signs: Tensor
    profiles: Tensor
    embeddings: Tensor | None = None
    pairs: Tensor | None = None
    is_edge: Tensor | None = None


class InfoSEMModule(BaseModuleClass):
    r"""Variational auto-encoder with a linear structural equation model as its latent layer.

    With :math:`X` the standardised expression (cells x genes), :math:`A_{ij}` the effect of gene :math:`i` on gene
    :math:`j` and :math:`f_\phi, f_\theta` scalar networks shared by all genes and cells,

    .. math::
        q(Z \mid X, A) &= N\left(m_\phi(X)(I - A),\; e^{l_\phi(X)(I - A)}\right) \\
        H &= Z (I - A)^{-1} \\
        p(X \mid Z, A) &= N\left(\mu_\theta(H), \sigma_\theta^2(H)\right) \\
        p(Z) &= N\left(m_p (I - A),\; e^{l_p (I - A)}\right) \text{ learned per gene, or } N(0, s_z^2) \text{ fixed}

    The training loss is :math:`-\tfrac{2}{M}` times the ELBO, so that it is a sum of means:

    .. math:: \overline{(X - \mu)^2} + \beta\, \overline{\mathrm{KL}} + \text{prior penalties},

    the first mean over the :math:`M` counted entries (non-zero ones under ``standardise="non-zero"``), the second over
    all cells and genes. In the ELBO's terms the KL has weight :math:`\beta M / (2NG)`.

    Parameters
    ----------
    genes
        What the model knows of the genes.
    n_cells
        Number :math:`N` of cells that it is trained on.
    prior, probability, standardise, alpha, beta, embedding_weight, coefficient_sd, interaction_weight, rank
        See :class:`infosem.InfoSEM`.
    likelihood, latent_prior, latent_sd, initial_effect, n_hidden, evaluation
        See :class:`infosem.InfoSEM`.
    denoise
        Whether the encoder sees the expression without noise of measurement.
    generator
        Of the initial parameters, as in torch.
    """

    def __init__(
        self,
        genes: GeneData,
        *,
        n_cells: int,
        prior: str,
        probability: Literal["kernel", "low-rank"],
        standardise: Literal["non-zero", "all"],
        alpha: float,
        beta: float,
        embedding_weight: float,
        coefficient_sd: float,
        interaction_weight: float,
        rank: int,
        likelihood: Literal["unit", "heteroscedastic"],
        latent_prior: Literal["learned", "fixed"],
        latent_sd: float,
        initial_effect: float,
        n_hidden: int,
        evaluation: Literal["tabulated", "exact"],
        denoise: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        n_genes = len(genes.mean)
        self.n_cells, self.n_counted = n_cells, genes.n_counted
        self.beta = beta
        self.only_nonzero = standardise == "non-zero"
        self.learned_latent_prior = latent_prior == "learned"
        self.latent_sd = latent_sd

        self.register_buffer("mean", genes.mean)
        self.register_buffer("sd", genes.sd)
        self.register_buffer("regulators", genes.regulators)
        self.register_buffer("signs", genes.signs)
        self.register_buffer("profiles", genes.profiles)
        shape = len(genes.regulators), n_genes
        possible = genes.varies[genes.regulators][:, None] & genes.varies[None, :]
        possible[torch.arange(len(genes.regulators)), genes.regulators] = False
        impossible = torch.stack(torch.nonzero(~possible, as_tuple=True))
        n_pairs = math.prod(shape) - impossible.shape[1]

        self.denoiser = Denoiser(n_genes) if denoise else None
        if denoise:
            self.register_buffer("association", torch.zeros(shape))
            self.register_buffer("direct_share", torch.tensor(0.5))
            self.register_buffer("agreement", torch.tensor(0.0))
        encoder = ScalarNetwork(2, n_hidden=n_hidden, generator=generator)
        n_outputs = 2 if likelihood == "heteroscedastic" else 1
        decoder = ScalarNetwork(n_outputs, n_hidden=n_hidden, generator=generator)
        tabulated = evaluation == "tabulated"
        self.encoder: nn.Module = TabulatedNetwork(encoder) if tabulated else encoder
        self.decoder: nn.Module = TabulatedNetwork(decoder) if tabulated else decoder
        if self.learned_latent_prior:
            self.latent_mean = nn.Parameter(torch.zeros(n_genes))
            self.latent_log_variance = nn.Parameter(torch.zeros(n_genes))

        with_embedding, with_interactions = "embedding" in prior, "interactions" in prior
        low_rank = with_interactions and probability == "low-rank"
        self.adjacency: FullAdjacency | ProductAdjacency
        start: dict[str, Any] = {"initial_effect": initial_effect, "generator": generator}
        self.adjacency = (
            ProductAdjacency(shape, impossible, rank=rank, **start)
            if low_rank
            else FullAdjacency(shape, impossible, **start)
        )
        self.interaction_prior: InteractionPrior | None = None
        self.edge_probability: EdgeProbability | None = None
        self.effect_prior: LaplacePrior | ShrinkagePrior | EmbeddingPrior
        if with_embedding:
            assert genes.embeddings is not None
            self.effect_prior = EmbeddingPrior(
                genes.embeddings,
                impossible,
                genes.regulators,
                weight=embedding_weight,
                coefficient_sd=coefficient_sd,
                intercept=self.adjacency.effects().detach().sum().item() / max(n_pairs, 1),
            )
        elif low_rank:
            self.effect_prior = ShrinkagePrior(n_pairs, weight=alpha)
        else:
            self.effect_prior = LaplacePrior(n_pairs, weight=alpha)
        if with_interactions:
            assert genes.pairs is not None
            assert genes.is_edge is not None
            if low_rank:
                self.interaction_prior = InteractionPrior(genes.pairs, genes.is_edge, weight=interaction_weight)
            else:
                embeddings = torch.zeros(n_genes, 0) if genes.embeddings is None else genes.embeddings
                self.edge_probability = EdgeProbability(
                    genes.pairs, genes.is_edge, genes.regulators, embeddings, genes.profiles
                )

    def standardise(self, x: Tensor) -> Tensor:
        """Standardise expression ``(B, G)`` per gene and clip it to [-10, 10]."""
        return ((x - self.mean) / self.sd).clamp(-10, 10)

    def latent_input(self, x: Tensor, standardised: Tensor) -> Tensor:
        """What the encoder sees of cells, ``(B, G)``: denoised, with a gene's mean where an entry is not counted."""
        if self.denoiser is None:
            return standardised
        return self.denoiser(standardised * self.counted(x))

    def restore(self, standardised: Tensor) -> Tensor:
        """Take standardised values ``(B, G)`` back to the units of the input."""
        return standardised * self.sd + self.mean

    def _get_inference_input(self, tensors: dict[str, Tensor], **_: object) -> dict[str, Tensor]:
        return {"x": tensors[REGISTRY_KEYS.X_KEY]}

    def _get_generative_input(
        self, tensors: dict[str, Tensor], inference_outputs: dict[str, Any], **_: object
    ) -> dict[str, Tensor]:
        return {"z": inference_outputs["z"], "weights": inference_outputs["adjacency"].weights}

    @auto_move_data
    def inference(self, x: Tensor, generator: torch.Generator | None = None) -> dict[str, Any]:
        r"""Draw the latent noise of each cell from :math:`q(Z | X, A)`; ``generator`` as in torch.

        Returns ``z`` and ``qz``, ``(B, G)``, ``x`` standardised, ``h``, its encoded mean :math:`m_\phi(x)`, and the
        :class:`~infosem.module._adjacency.Adjacency` used.
        """
        adjacency: Adjacency = self.adjacency()
        standardised = self.standardise(x)
        encoded = self.encoder(self.latent_input(x, standardised))
        qz = Gaussian(*remove_effects(encoded, adjacency.weights, self.regulators))
        return {"z": qz.sample(generator), "qz": qz, "x": standardised, "h": encoded[0], "adjacency": adjacency}

    @auto_move_data
    def generative(self, z: Tensor, weights: Tensor) -> dict[str, Gaussian]:
        """Decode latent noise under the adjacency ``weights``, ``(R, G)``.

        Returns ``px``, the distribution of the standardised expression, and ``pz``, the prior of the latent noise.
        """
        px = self.decode(propagate_effects(z, weights, self.regulators))
        return {"px": px, "pz": self.latent_distribution(weights)}

    def decode(self, h: Tensor) -> Gaussian:
        """Distribution of the standardised expression in the latent state ``h``, ``(..., G)``."""
        mean, *log_variance = self.decoder(h)
        return Gaussian(mean if self.denoiser is None else mean * self.denoiser.sd, *log_variance)

    def latent_state(self, x: Tensor, column: int) -> Tensor:
        """Latent state of one gene that is held at the expression ``x``, ``(B, 1)``, hence without noise."""
        held = ((x - self.mean[column]) / self.sd[column]).clamp(-10, 10)
        if self.denoiser is not None:
            if self.only_nonzero:
                held = held.clamp(-_LEAST_COUNTED, _LEAST_COUNTED)
            held = held / self.denoiser.sd[column]
        return self.encoder(held)[0]

    def latent_distribution(self, weights: Tensor) -> Gaussian:
        """The prior of the latent noise, ``(G,)``."""
        if not self.learned_latent_prior:
            return Gaussian(torch.zeros_like(self.mean), torch.full_like(self.mean, 2 * math.log(self.latent_sd)))
        parameters = torch.stack([self.latent_mean, self.latent_log_variance])
        return Gaussian(*remove_effects(parameters, weights, self.regulators))

    def counted(self, x: Tensor) -> Tensor:
        """Which entries of the raw expression ``(B, G)`` the likelihood counts."""
        return x != 0 if self.only_nonzero else torch.ones_like(x, dtype=torch.bool)

    def loss(
        self,
        tensors: dict[str, Tensor],
        inference_outputs: dict[str, Any],
        generative_outputs: dict[str, Gaussian],
    ) -> LossOutput:
        r"""Minus two over :math:`M` times the ELBO of a batch, and its terms.

        ``reconstruction_loss`` and ``kl_local`` are per cell and in nats, the KL weighted as in the ELBO;
        ``kl_global`` is :math:`-\log p(A)`.
        """
        counted = self.counted(tensors[REGISTRY_KEYS.X_KEY])
        px, pz = generative_outputs["px"], generative_outputs["pz"]
        x = inference_outputs["x"]
        misfit = (px.deviance(x) * counted).sum(1)
        n_counted = counted.sum(1)
        kl = inference_outputs["qz"].kl_divergence(pz).sum(1)
        penalty = self.penalty(inference_outputs["adjacency"])
        loss = misfit.sum() / n_counted.sum().clamp_min(1) + self.beta * kl.mean() / x.shape[1] + penalty
        return LossOutput(
            loss=loss,
            reconstruction_loss=0.5 * (misfit + n_counted * math.log(2 * math.pi)),
            kl_local=self.kl_weight * kl,
            kl_global=-self.log_prior(penalty.detach()),
        )

    @property
    def kl_weight(self) -> float:
        r"""Weight :math:`\beta M / (2NG)` of the KL in the ELBO."""
        return self.beta * self.n_counted / (2 * self.n_cells * len(self.mean))

    def penalty(self, adjacency: Adjacency) -> Tensor:
        """The priors' share of the training loss."""
        total = self.effect_prior.penalty(adjacency.effects)
        if isinstance(self.effect_prior, EmbeddingPrior):
            total = total - 2 / self.n_counted * self.effect_prior.coefficient_log_prob()
        if self.interaction_prior is not None:
            assert adjacency.logits is not None
            total = total + self.interaction_prior.penalty(adjacency.logits)
        return total

    def log_prior(self, penalty: Tensor) -> Tensor:
        r"""Log density of everything that parametrises :math:`A`, in nats, from its :meth:`penalty`."""
        priors = [self.effect_prior] if self.interaction_prior is None else [self.effect_prior, self.interaction_prior]
        return -0.5 * self.n_counted * penalty - sum(prior.log_normaliser(self.n_counted) for prior in priors)

    @torch.inference_mode()
    def sample(self, n_cells: int, generator: torch.Generator | None = None) -> Tensor:
        """Sample cells from the generative model; ``(n_cells, G)`` in the units of the input."""
        weights = self.adjacency().weights
        pz = self.latent_distribution(weights)
        z = Gaussian(pz.mean.expand(n_cells, -1), pz.log_variance).sample(generator)
        return self.restore(self.generative(z, weights)["px"].sample(generator))
