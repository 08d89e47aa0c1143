"""The InfoSEM model, which infers a gene regulatory network from AnnData."""

from __future__ import annotations

import logging
from typing import Any, Literal

import numpy as np
import torch
from anndata import AnnData
from scvi import REGISTRY_KEYS

from infosem.data._arguments import seed_number
from infosem.data._manager import state_of
from infosem.data._noise import Noise
from infosem.model._arguments import of_kind, require_none
from infosem.model._cell_data import empty_cell_data, read_cell_data
from infosem.model._cell_methods import CellMethods
from infosem.model._facts import gene_data, has_embeddings, has_interactions, read_facts
from infosem.model._fit import fit
from infosem.model._intervention_methods import InterventionMethods
from infosem.model._network_methods import NetworkMethods
from infosem.model._presets import EdgeModel, Start, preset_of
from infosem.model._saving_methods import SavingMethods
from infosem.model._setup_methods import SetupMethods
from infosem.module import EffectPrior, InfoSEMModule, LatentPrior, Likelihood, LowRankEdges, ScalarNetworks
from infosem.scores import EdgeFacts, KernelEdges, Ranking
from infosem.train import ClosedForm, EqualEffects
from infosem.train._cost import Size

logger = logging.getLogger(__name__)


class InfoSEM(SetupMethods, NetworkMethods, CellMethods, InterventionMethods, SavingMethods):
    r"""Gene regulatory network from single-cell expression, with priors from text and known interactions.

    The model is a variational auto-encoder (Cui et al., ICML 2025). Its latent layer is a linear structural equation
    model, :math:`H = Z (I - A)^{-1}`. :math:`A_{ij}` is the effect of gene :math:`i` on gene :math:`j`. Rows are
    regulators, columns are target genes. For :math:`M` counted entries of the expression, training maximises

    .. math:: \mathrm{ELBO} = \mathbb{E}_q[\log p(X \mid Z, A)] + \log p(A)
              - \tfrac{\beta M}{2NG}\, \mathrm{KL}(q(Z \mid X, A) \,\|\, p(Z)).

    The loss is :math:`-2 / M` times the ELBO, :math:`\overline{(X - \mu)^2} + \beta\,\overline{\mathrm{KL}} +
    \text{penalty}`. The weight :math:`\lambda` of a prior determines its scale, for instance :math:`s_a^2 = P /
    (\lambda M)` in :math:`A_{ij} \sim N(c + u_i + v_j, s_a^2)`, with :math:`P` pairs that can be edges. Registered text
    embeddings are used by the prior of the effects and by the ranking of the edges. Registered known interactions give
    probabilities of edges.

    Parameters
    ----------
    adata
        AnnData registered with :meth:`setup_anndata`.
    preset
        Settings for all arguments that are not given. ``"default"`` are the recommended settings. ``"paper"`` are the
        settings of the published model (InfoSEM-B, or InfoSEM-BC with known interactions).
    prior
        Prior of the effects, as a name or as an object with a weight. ``"laplace"`` is the prior of DeepSEM (Eqs. 4-8,
        :class:`~infosem.module.LaplacePrior`). ``"embedding"`` is the prior of InfoSEM-B (Eqs. 9, 14,
        :class:`~infosem.module.TextPrior`). ``"normal"`` is for known interactions without text
        (:class:`~infosem.module.NormalPrior`). ``"auto"`` uses text embeddings if they are registered.
    edge_model
        Model of edge probabilities from known interactions, by default :class:`~infosem.scores.KernelEdges`. The paper
        uses :class:`~infosem.module.LowRankEdges`, a factor of the adjacency.
    likelihood
        Likelihood of the expression, by default :class:`~infosem.module.Gaussian`. It also determines how genes are
        standardised and which entries count.
    latent
        Prior of the latent noise, by default :class:`~infosem.module.LearnedLatent`, or
        :class:`~infosem.module.FixedLatent`. It includes the weight of the KL divergence.
    networks
        Encoder and decoder, :class:`~infosem.module.ScalarNetworks`.
    start
        Initial effects, by default a closed-form estimate, :class:`~infosem.train.ClosedForm`. The alternative is
        :class:`~infosem.train.EqualEffects`.
    ranking
        Ranking of the edges, by default :class:`~infosem.scores.SumOfEvidence`. The paper uses
        :class:`~infosem.scores.AbsoluteAdjacency`. The ranking does not depend on the prior of the effects.
    seed
        Seed of the initial parameters and of training. On a CPU results are reproducible, also if models are trained in
        threads. A different number of torch threads changes edge weights by less than .5 %.
    registry, facts
        For :meth:`load` only.
    **unknown
        Arguments of other models, which raise a :class:`TypeError`.

    Examples
    --------
    >>> infosem.InfoSEM.setup_anndata(adata)
    >>> model = infosem.InfoSEM(adata)
    >>> model.train()
    >>> model.write_network()
    >>> edges = model.get_edges(top=100)

    Notes
    -----
    Implements `Cui et al. (2025) <https://proceedings.mlr.press/v267/cui25e.html>`__ on the method of
    `Shu et al. (2021) <https://doi.org/10.1038/s43588-021-00099-8>`__.
    """

    @torch.inference_mode(False)
    def __init__(
        self,
        adata: AnnData | None = None,
        *,
        preset: Literal["default", "paper"] = "default",
        prior: Literal["auto", "laplace", "normal", "embedding"] | EffectPrior = "auto",
        edge_model: KernelEdges | LowRankEdges | None = None,
        likelihood: Likelihood | None = None,
        latent: LatentPrior | None = None,
        networks: ScalarNetworks | None = None,
        start: ClosedForm | EqualEffects | None = None,
        ranking: Ranking | None = None,
        seed: int = 0,
        registry: dict[str, Any] | None = None,
        facts: EdgeFacts | None = None,
        **unknown: Any,
    ) -> None:
        require_none(unknown)
        del unknown
        seed = seed_number(seed)
        arguments = {name: value for name, value in locals().items() if name != "facts"}
        if adata is not None and registry is None:
            manager = self._get_most_recent_anndata_manager(adata)
            if manager is not None and manager.is_transferred:
                # load() registered the cells without reading texts and labels, which a new model needs
                self.setup_anndata(adata, **manager.registry["setup_args"])
        super().__init__(adata, registry=registry)
        if self._adata_manager is not None:
            self._adata_manager.require_unchanged()
        self._preset = preset_of(preset)
        with_text, with_labels = has_embeddings(self.registry_), has_interactions(self.registry_)
        if edge_model is not None and not with_labels:
            raise ValueError(
                f"edge_model={edge_model!r} needs known interactions, but none are registered. Call "
                "InfoSEM.setup_anndata(adata, interactions_key=...) first, or leave it out."
            )
        edge_model = of_kind(EdgeModel, edge_model, "edge_model", self._preset.edge_model)
        low_rank = edge_model if with_labels and isinstance(edge_model, LowRankEdges) else None
        effect_prior = self._preset.effect_prior(prior, with_text=with_text, low_rank=low_rank is not None)
        networks = of_kind(ScalarNetworks, networks, "networks", self._preset.networks)
        summary = state_of(self.registry_, REGISTRY_KEYS.X_KEY)["summary"]
        likelihood = of_kind(Likelihood, likelihood, "likelihood", self._preset.likelihood).resolve(summary)
        self._start = of_kind(Start, start, "start", self._preset.start)
        if self.group_names and not isinstance(self._start, ClosedForm):
            raise ValueError(
                f"group_key={self.registry_['setup_args']['group_key']!r} needs start=ClosedForm(), which estimates "
                f"the networks of the groups, not {self._start!r}. Leave group_key= out of setup_anndata."
            )
        self._ranking = of_kind(Ranking, ranking, "ranking", self._preset.ranking)
        self.prior_ = effect_prior.name + ("+interactions" if with_labels else "")
        self.seed_ = seed
        rank = None if low_rank is None else low_rank.rank
        self._size = Size(len(self.regulator_names), len(self.gene_names), rank, len(self.group_names))
        self._size.require_memory(1, torch.device("cpu"))
        self.init_params_ = self._get_init_params(arguments)
        logger.info("Prior of the effects: %s.", effect_prior.name)
        logger.info("Zeros %s.", "are left out" if likelihood.mask_zeros else "count")
        if facts is None:
            cells = read_cell_data(self._adata_manager, likelihood)
            facts = read_facts(self._adata_manager, edge_model, cells)
        else:
            cells = empty_cell_data(self.registry_, likelihood)
        self.edge_facts_ = facts
        self.module = InfoSEMModule(
            gene_data(self.registry_, facts, likelihood, cells),
            cells.standardiser,
            n_cells=summary.n_cells,
            prior=effect_prior,
            low_rank=low_rank,
            likelihood=likelihood,
            latent=of_kind(LatentPrior, latent, "latent", self._preset.latent),
            networks=networks,
            initial_effect=(self._start if isinstance(self._start, EqualEffects) else EqualEffects()).total,
            generator=Noise(seed).on("cpu"),
        ).float()  # independent of torch's default type
        self._model_summary_string = (
            f"InfoSEM: {len(self.regulator_names)} regulators, {len(self.gene_names)} genes, prior {self.prior_!r}, "
            f"zeros {'left out' if likelihood.mask_zeros else 'counted'}, seed {seed}"
        )

    @torch.inference_mode(False)
    @np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")  # NumPy's defaults
    def train(
        self,
        max_epochs: int | None = None,
        *,
        schedule: Literal["joint", "alternating"] | None = None,
        accelerator: str = "auto",
        devices: int | list[int] | str = "auto",
        batch_size: int | None = None,
        train_size: float = 1.0,
        validation_size: float | None = None,
        early_stopping: bool = False,
        plan_kwargs: dict[str, Any] | None = None,
        **trainer_kwargs: Any,
    ) -> None:
        """Train the model. An epoch is one pass over the cells.

        If training is interrupted (Ctrl-C, or the stop button of a notebook), the current network is kept.

        Parameters
        ----------
        max_epochs
            Number of epochs. By default the joint schedule has at least 150 steps and two epochs, and the alternating
            schedule has 120 epochs.
        schedule
            ``"joint"`` trains networks and adjacency in every step. ``"alternating"`` trains them in turn for one and
            two epochs, as in DeepSEM. The default is that of the preset: ``"alternating"`` with ``preset="paper"``.
        accelerator, devices
            See Lightning's ``Trainer``.
        batch_size
            Number of cells per step, by default 128 in the joint schedule and 64 in the alternating schedule.
        train_size
            Share of the cells to train on. By default all cells are used.
        validation_size
            Share of the cells to hold out. By default all other cells are held out.
        early_stopping
            Whether to stop if ``early_stopping_monitor`` no longer improves. It is ``"reconstruction_loss_validation"``
            by default, which needs ``train_size`` < 1. Do not use ``"elbo_validation"``, in which the prior of the
            network dominates because it is divided by the number of held-out cells only.
        plan_kwargs
            Step sizes ``lr_networks``, ``lr_decay``, ``lr_adjacency``, ``lr_coefficients``, ``lr_probability``. The
            alternating schedule also has ``network_epochs`` and ``adjacency_epochs``.
        **trainer_kwargs
            Keyword arguments of :class:`scvi.train.Trainer`, for instance ``enable_progress_bar=False``,
            ``callbacks=[SaveCheckpoint(monitor="train_loss")]``, ``early_stopping_monitor="elbo_train"``,
            ``strategy="ddp"``.

        Raises
        ------
        FloatingPointError
            If the loss is no longer finite.
        """
        fit(
            self,
            max_epochs,
            schedule=self._preset.schedule if schedule is None else schedule,
            accelerator=accelerator,
            devices=devices,
            batch_size=batch_size,
            train_size=train_size,
            validation_size=validation_size,
            early_stopping=early_stopping,
            plan_kwargs=plan_kwargs,
            trainer_kwargs=trainer_kwargs,
        )
