"""The InfoSEM model: AnnData in, network out."""

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
from infosem.data._registration import (
    absent_entries,
    make_manager,
    require_cells_by_genes,
    require_known,
    resolve_keys,
)
from infosem.data._scvi import UUID_KEY
from infosem.model._arguments import of_kind, require_none
from infosem.model._cell_methods import CellMethods
from infosem.model._facts import gene_data, has_embeddings, has_interactions, read_facts
from infosem.model._fit import fit
from infosem.model._intervention_methods import InterventionMethods
from infosem.model._network_methods import NetworkMethods
from infosem.model._presets import preset_of
from infosem.model._saving import SavingMethods
from infosem.module import EdgeModel, EffectPrior, InfoSEMModule, LatentPrior, Likelihood, LowRankEdges, ScalarNetworks
from infosem.scores import EdgeFacts, Ranking
from infosem.train import EqualEffects, Start
from infosem.train._cost import Size

logger = logging.getLogger(__name__)


class InfoSEM(NetworkMethods, CellMethods, InterventionMethods, SavingMethods):
    r"""A gene regulatory network from single-cell expression, with priors from text and known interactions.

    A variational auto-encoder whose latent layer is a linear structural equation model, :math:`H = Z (I - A)^{-1}`
    (Cui et al., ICML 2025). :math:`A_{ij}` is the effect of gene :math:`i` on gene :math:`j`: row = regulator, column =
    target. Training maximises, by minus two over :math:`M` times itself (:math:`M` counted entries of the expression),

    .. math:: \mathrm{ELBO} = \mathbb{E}_q[\log p(X \mid Z, A)] + \log p(A)
              - \tfrac{\beta M}{2NG}\, \mathrm{KL}(q(Z \mid X, A) \,\|\, p(Z)),

    which is the loss :math:`\overline{(X - \mu)^2} + \beta\,\overline{\mathrm{KL}} + \text{penalty}` of means. With
    :math:`P` pairs that can be edges, the weight :math:`\lambda` of a prior ties its scale to the data, for instance
    :math:`A_{ij} \sim N(c + u_i + v_j, s_a^2)` with :math:`s_a^2 = P / (\lambda M)` for effects that text predicts.
    All that is registered is used: text embeddings by the prior of the effects and by the ranking of the edges, known
    interactions by the probabilities of the edges.

    Parameters
    ----------
    adata
        AnnData registered with :meth:`setup_anndata`.
    preset
        What stands for the arguments below that are not given: infosem's ``"default"`` settings, or those of the
        published model, ``"paper"`` (InfoSEM-B, or InfoSEM-BC with known interactions).
    prior
        Prior of the effects: a name, or an object of :mod:`infosem.module`, whose arguments set its weight.
        ``"laplace"`` (:class:`~infosem.module.LaplacePrior`) is that of DeepSEM (Eqs. 4-8), ``"embedding"``
        (:class:`~infosem.module.TextPrior`) that of InfoSEM-B (Eqs. 9, 14), and ``"normal"``
        (:class:`~infosem.module.NormalPrior`) that of interactions without text. ``"auto"`` takes text embeddings if
        they are registered.
    edge_model
        How known interactions become probabilities of edges: by :class:`~infosem.scores.KernelEdges`, the default, or
        by the paper's :class:`~infosem.module.LowRankEdges`, a factor of the adjacency.
    likelihood
        How the expression is scaled, which entries count, and how they are distributed:
        :class:`~infosem.module.Gaussian`.
    latent
        Prior of the latent noise and weight of the KL divergence: :class:`~infosem.module.LearnedLatent`, the default,
        or the paper's :class:`~infosem.module.FixedLatent`.
    networks
        Encoder and decoder: :class:`~infosem.module.ScalarNetworks`.
    start
        Where the effects start: at their closed-form estimate, :class:`~infosem.train.ClosedForm`, the default, or all
        alike, :class:`~infosem.train.EqualEffects`.
    ranking
        What ranks the edges: :class:`~infosem.scores.SumOfEvidence`, the default, or the paper's
        :class:`~infosem.scores.AbsoluteAdjacency`. It does not depend on the prior that the model is trained with.
    seed
        Seed of the initial parameters and of training. On a CPU one seed gives one network, also where models train in
        threads. Another number of torch's own threads changes a weight by less than .5 %.
    registry, facts
        For :meth:`load` only.
    **unknown
        Arguments of other models, which are refused by name.

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
        edge_model: EdgeModel | None = None,
        likelihood: Likelihood | None = None,
        latent: LatentPrior | None = None,
        networks: ScalarNetworks | None = None,
        start: Start | None = None,
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
                # registered by load() for a model that has parameters, which stand for the texts and the labels
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
        self._ranking = of_kind(Ranking, ranking, "ranking", self._preset.ranking)
        self.prior_ = effect_prior.name + ("+interactions" if with_labels else "")
        self.seed_ = seed
        self._size = Size(len(self.regulator_names), len(self.gene_names), None if low_rank is None else low_rank.rank)
        self._size.require_memory(1, torch.device("cpu"))
        self.init_params_ = self._get_init_params(arguments)
        logger.info("Prior of the network: %s.", self.prior_)
        logger.info("Zeros %s.", "are left out" if likelihood.mask_zeros else "count")
        self.edge_facts_ = read_facts(self._adata_manager, edge_model) if facts is None else facts
        self.module = InfoSEMModule(
            gene_data(self.registry_, self.edge_facts_, likelihood),
            n_cells=summary.n_cells,
            prior=effect_prior,
            low_rank=low_rank,
            likelihood=likelihood,
            latent=of_kind(LatentPrior, latent, "latent", self._preset.latent),
            networks=networks,
            initial_effect=(self._start if isinstance(self._start, EqualEffects) else EqualEffects()).total,
            generator=Noise(seed).on("cpu"),
        ).float()  # whatever the default type of the process is
        self._model_summary_string = (
            f"InfoSEM: {len(self.regulator_names)} regulators, {len(self.gene_names)} genes, prior {self.prior_!r}, "
            f"zeros {'left out' if likelihood.mask_zeros else 'counted'}, seed {seed}"
        )

    @classmethod
    def setup_anndata(
        cls,
        adata: AnnData,
        *,
        layer: str | None = None,
        embedding_key: str | None = "auto",
        interactions_key: str | None = "auto",
        regulator_key: str | None = "auto",
        **kwargs: Any,
    ) -> None:
        """Register log-normalised expression and, where there are any, priors and regulators.

        Nothing of ``adata`` is changed but scvi-tools' own entries in ``uns``.

        Parameters
        ----------
        adata
            Cells x genes. A view is made an actual AnnData.
        layer
            Layer with log-normalised expression; ``None`` for ``X``.
        embedding_key
            Key in ``varm`` of the genes' text embeddings, rows of NaN where a gene has none.
        interactions_key
            Key in ``varp`` of known interactions, row = regulator, column = target: +1 known edge, -1 known non-edge,
            unobserved where absent (sparse) or NaN (dense). See :func:`infosem.pp.known_interactions`.
        regulator_key
            Boolean column of ``var``: the genes that may have targets. Without one, all genes may.
        **kwargs
            ``source_registry``, for :meth:`load` only.

        Notes
        -----
        ``"auto"`` takes ``varm["gene_embedding"]``, ``varp["known_interactions"]`` and ``var["is_regulator"]`` if they
        are there; ``None`` switches a part off.

        Raises
        ------
        KeyError
            If a key that was named is not there.
        TypeError
            If ``adata`` is none, or there is an argument of another model, such as ``batch_key``.
        ValueError
            If the expression, the embeddings, the interactions or the regulators cannot be used as they are.
        """
        require_known(kwargs)
        require_cells_by_genes(adata)
        keys = {"embedding_key": embedding_key, "interactions_key": interactions_key, "regulator_key": regulator_key}
        resolved = resolve_keys(adata, **keys)
        setup_args = cls._get_setup_method_args(cls=cls, adata=adata, layer=layer, **resolved)
        manager = make_manager(setup_args, layer=layer, **resolved)
        manager.absent = absent_entries(keys, resolved)
        registered = cls._setup_adata_manager_store.get(adata.uns.get(UUID_KEY))
        if registered is not None and registered.adata is not adata:
            del adata.uns[UUID_KEY]  # of the AnnData that this is a copy of, whose place it would take
        manager.register_fields(adata, **kwargs)
        cls.register_manager(manager)

    @torch.inference_mode(False)
    @np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")  # as they are by default
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
        """Train the model, for one pass over the cells each epoch.

        Interrupting it (Ctrl-C, the stop button of a notebook) keeps the network as it is at that moment.

        Parameters
        ----------
        max_epochs
            Number of epochs: by default as many as make 150 steps of the joint schedule, two at least; 120 of the
            alternating one.
        schedule
            ``"joint"``, the default, trains networks and adjacency in every step; ``"alternating"``, that of
            ``preset="paper"``, is DeepSEM's: an epoch of the one, two of the other, many times as many epochs.
        accelerator, devices
            As in Lightning's ``Trainer``.
        batch_size
            Cells per step: by default 128 of the joint schedule, 64 of the alternating one.
        train_size
            Share of the cells to train on; all by default, since a network should see every cell.
        validation_size
            Share of the cells to hold out; by default the rest.
        early_stopping
            Stop when ``early_stopping_monitor`` (``"reconstruction_loss_validation"`` by default, which needs
            ``train_size`` < 1) no longer improves. Not ``"elbo_validation"``: it divides the prior of the network by
            the held-out cells alone, so that the prior dominates.
        plan_kwargs
            Step sizes ``lr_networks``, ``lr_decay``, ``lr_adjacency``, ``lr_coefficients``, ``lr_probability``; of the
            alternating schedule also ``network_epochs`` and ``adjacency_epochs``.
        **trainer_kwargs
            Passed to :class:`scvi.train.Trainer`, for instance ``enable_progress_bar=False``,
            ``callbacks=[SaveCheckpoint(monitor="train_loss")]``, ``early_stopping_monitor="elbo_train"``,
            ``strategy="ddp"``.

        Raises
        ------
        FloatingPointError
            If the loss turns non-finite.
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
