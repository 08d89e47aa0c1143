"""The InfoSEM model: AnnData in, network out."""

from __future__ import annotations

import logging
import signal
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import torch
from anndata import AnnData
from scvi import REGISTRY_KEYS
from scvi.data._constants import _SCVI_UUID_KEY
from scvi.data._utils import _check_if_view
from scvi.model._utils import use_distributed_sampler
from scvi.model.base import BaseModelClass
from scvi.train import TrainRunner

from infosem.data import _keys
from infosem.data._arguments import number, seed_number, truth_value, whole_number
from infosem.data._expression import is_in_memory
from infosem.data._fields import (
    EMBEDDING_FIELD,
    INTERACTIONS_FIELD,
    EmbeddingField,
    ExpressionField,
    GeneAlignedManager,
    InteractionsField,
    RegulatorField,
)
from infosem.data._gene_data import gene_names, read_gene_data, regulators, state_of
from infosem.data._noise import Noise
from infosem.data._shuffling import SeededSplitter
from infosem.data._streaming import StreamingSplitter
from infosem.model._cells import CellsMixin
from infosem.model._interventions import InterventionsMixin
from infosem.model._network import NetworkMixin
from infosem.model._presets import FORMS
from infosem.model._saving import SavingMixin
from infosem.module._module import InfoSEMModule, PriorName
from infosem.train._closed_form import start_from_closed_form
from infosem.train._cost import Size
from infosem.train._schedules import SCHEDULES
from infosem.train._training import (
    CostReport,
    WarningFiltersRestored,
    interrupt_handler_restored,
    require_step_sizes,
    require_trainers,
    split_cells,
    without_numpy,
)

logger = logging.getLogger(__name__)

_INITIAL_EFFECT = 2.0
"""Total effect on every gene at the start of the paper's form. DeepSEM's 1 makes :math:`I - A` nearly singular."""

_BARCODE = r"(?:.+[_:#-])?[ACGT]{12,}(?:-\d+)?"
"""What cells are called."""
_OF_GENES = (
    ("obs", "var", _keys.IS_REGULATOR),
    ("obsm", "varm", _keys.GENE_EMBEDDING),
    ("obsp", "varp", _keys.KNOWN_INTERACTIONS),
)

# bounds that no model has a use for numbers beyond, far within what single precision holds
_weight, _sd = partial(number, least=0, most=1e12), partial(number, least=1e-6, most=1e6)

_CHOICES = {
    "prior": ("auto", *get_args(PriorName)),
    "form": tuple(FORMS),
    "probability": (None, "kernel", "low-rank"),
    "standardise": ("auto", "non-zero", "all"),
    "likelihood": ("unit", "heteroscedastic"),
    "latent_prior": ("learned", "fixed"),
    "evaluation": ("tabulated", "exact"),
}


class InfoSEM(NetworkMixin, CellsMixin, InterventionsMixin, SavingMixin, BaseModelClass):
    r"""A gene regulatory network from single-cell expression, with priors from text and known interactions.

    A variational auto-encoder whose latent layer is a linear structural equation model, :math:`H = Z (I - A)^{-1}`
    (Cui et al., ICML 2025). :math:`A_{ij}` is the effect of gene :math:`i` on gene :math:`j`: row = regulator, column =
    target. Training maximises, by minus two over :math:`M` times itself (:math:`M` counted entries of the expression),

    .. math:: \mathrm{ELBO} = \mathbb{E}_q[\log p(X \mid Z, A)] + \log p(A)
              - \tfrac{\beta M}{2NG}\, \mathrm{KL}(q(Z \mid X, A) \,\|\, p(Z)),

    which is the loss :math:`\overline{(X - \mu)^2} + \beta\,\overline{\mathrm{KL}} + \text{penalty}` of means. With
    :math:`P` pairs that can be edges, each ``prior`` and its weight mean

    - ``"laplace"``: :math:`A_{ij} \sim \mathrm{Laplace}(0, b)`, :math:`b = 2P / (\alpha M)`;
    - ``"embedding"``: :math:`A_{ij} \sim N(c + u_i + v_j, s_a^2)`, :math:`s_a^2 = P / (\lambda_e M)`.

    Known interactions (``"interactions"``, ``"embedding+interactions"``) give each edge a probability besides. With
    ``probability="low-rank"`` it is part of the model: :math:`A = A_e \odot \sigma(UV^T)`, where of the
    :math:`P_{obs}` observed pairs :math:`(UV^T)_{ij} \sim N(\pm\mathrm{logit}\,0.95, s_l^2)`,
    :math:`s_l^2 = P_{obs} / (\lambda_l M)`; and without embeddings :math:`A_{e,ij} \sim N(0, s_a^2)`,
    :math:`s_a^2 = P / (\alpha M)`.

    Parameters
    ----------
    adata
        AnnData registered with :meth:`setup_anndata`.
    prior
        Prior of the adjacency. ``"laplace"`` is the DeepSEM model (Eqs. 4-8), ``"embedding"`` InfoSEM-B (Eqs. 9, 14),
        ``"embedding+interactions"`` known interactions too. ``"auto"`` takes all that was registered.
    form
        Everything else that the paper has otherwise: ``"paper"`` is InfoSEM-B and InfoSEM-BC, that is low-rank
        probabilities, ``embedding_weight=1e3``, DeepSEM's alternating schedule, and edges ranked by :math:`|A|`.
    probability
        How known interactions become edge probabilities :math:`\sigma(A_l)`. ``"kernel"``, the default: what the
        labels say of pairs of like genes, by text and by expression, so that labels speak to genes that have none; it
        multiplies the size of the effect in :meth:`get_strength`. ``"low-rank"``, the paper's InfoSEM-BC (Eqs. 10-13,
        15): a factor of :math:`A` itself, flat where nothing is known.
    standardise
        How each gene is standardised, and which entries the likelihood counts: by its ``"non-zero"`` values, or
        ``"all"``. Clipped to [-10, 10]. ``"auto"`` counts all where the zeros of two genes depend on each other, so
        that a zero tells something, and non-zero ones where values are lost at random; with ``form="paper"`` it is
        ``"non-zero"``, as in DeepSEM.
    alpha
        Weight :math:`\alpha` of the Laplace penalty; of the zero-mean Normal for interactions without embeddings.
    beta
        Weight :math:`\beta` of the KL divergence.
    embedding_weight
        Weight :math:`\lambda_e` of the text prior; by default :math:`100 (R / 400)^2`, since what it does goes with the
        inverse square of the number :math:`R` of regulators. The paper's range is that of ``1e3`` at 400.
    coefficient_sd
        Prior standard deviation :math:`s_w` of the text prior's coefficients.
    interaction_weight
        Weight :math:`\lambda_l` of the known interactions, the precision of the labels, of low-rank probabilities.
    rank
        Rank of the logits of low-rank probabilities.
    likelihood
        ``"unit"`` variance, or ``"heteroscedastic"``: a variance learned by the decoder (Eq. 5).
    latent_prior
        ``"learned"`` mean and variance per gene, or the paper's ``"fixed"`` :math:`N(0, s_z^2)`.
    latent_sd
        :math:`s_z` of the fixed latent prior.
    initial_effect
        Sum of the effects on every gene at the start of training, shared equally by the regulators. By default the
        start is the closed-form estimate of sparse effects, with ``form="paper"`` 2:
        DeepSEM starts at 1, where :math:`I - A` is nearly singular.
    n_hidden
        Width of the scalar encoder and decoder.
    evaluation
        During training, evaluate the scalar networks ``"tabulated"`` on a grid and interpolated (relative error about
        1e-6, many times faster), or ``"exact"`` at every entry. After training it is always exact.
    seed
        Seed of the initial parameters and of training. On a CPU one seed gives one network, also where models train in
        threads. Another number of torch's own threads changes a weight by less than .5 %.
    registry
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
        prior: Literal["auto"] | PriorName = "auto",
        form: Literal["today", "paper"] = "today",
        probability: Literal["kernel", "low-rank"] | None = None,
        standardise: Literal["auto", "non-zero", "all"] = "auto",
        alpha: float = 1.0,
        beta: float = 0.01,
        embedding_weight: float | None = None,
        coefficient_sd: float = 1.0,
        interaction_weight: float = 0.1,
        rank: int = 128,
        likelihood: Literal["unit", "heteroscedastic"] = "unit",
        latent_prior: Literal["learned", "fixed"] = "learned",
        latent_sd: float = 1.0,
        initial_effect: float | None = None,
        n_hidden: int = 128,
        evaluation: Literal["tabulated", "exact"] = "tabulated",
        seed: int = 0,
        registry: dict[str, Any] | None = None,
        **unknown: Any,
    ) -> None:
        _require_none(unknown)
        del unknown
        alpha, beta = _weight(alpha, "alpha"), _weight(beta, "beta")
        interaction_weight = _weight(interaction_weight, "interaction_weight")
        if embedding_weight is not None:
            embedding_weight = _weight(embedding_weight, "embedding_weight")
        if initial_effect is not None:
            initial_effect = _weight(initial_effect, "initial_effect")
        coefficient_sd = _sd(coefficient_sd, "coefficient_sd")
        latent_sd = _sd(latent_sd, "latent_sd")
        rank, n_hidden = whole_number(rank, "rank", least=1), whole_number(n_hidden, "n_hidden", least=1)
        seed = seed_number(seed)
        arguments = dict(locals())
        if adata is not None and registry is None:
            manager = self._get_most_recent_anndata_manager(adata)
            if manager is not None and manager.is_transferred:
                # registered by load() for a model that has parameters, which stand for the texts and the labels
                self.setup_anndata(adata, **manager.registry["setup_args"])
        super().__init__(adata, registry=registry)
        if self._adata_manager is not None:
            self._adata_manager.require_unchanged()
        for name, choices in _CHOICES.items():
            if arguments[name] not in choices:
                raise ValueError(f"{name}={arguments[name]!r} is not one of {', '.join(map(repr, choices))}.")
        self._form = FORMS[form]
        probability = self._form.probability if probability is None else probability
        if embedding_weight is None:
            embedding_weight = self._form.weight_of_text(len(self.regulator_names))
        self.prior_ = self._resolve_prior(prior)
        self.seed_ = seed
        low_rank = "interactions" in self.prior_ and probability == "low-rank"
        self._size = Size(len(self.regulator_names), len(self.gene_names), rank if low_rank else None)
        self._size.require_memory(1, torch.device("cpu"))
        self.init_params_ = self._get_init_params(arguments)
        logger.info("Prior of the network: %s.", self.prior_)
        summary = state_of(self.registry_, REGISTRY_KEYS.X_KEY)["summary"]
        if standardise == "auto":
            standardise = self._form.treatment(summary.zeros_go_together)
            logger.info("Entries that count: %s%s.", standardise, "" if standardise == "all" else " ones")
        self._starts_from_closed_form = self._form.start == "closed-form" and initial_effect is None
        self.module = InfoSEMModule(
            read_gene_data(self.registry_, self._adata_manager, prior=self.prior_, standardise=standardise),
            n_cells=summary.n_cells,
            prior=self.prior_,
            probability=probability,
            standardise=standardise,
            alpha=alpha,
            beta=beta,
            embedding_weight=embedding_weight,
            coefficient_sd=coefficient_sd,
            interaction_weight=interaction_weight,
            rank=rank,
            likelihood=likelihood,
            latent_prior=latent_prior,
            latent_sd=latent_sd,
            initial_effect=_INITIAL_EFFECT if initial_effect is None else initial_effect,
            n_hidden=n_hidden,
            evaluation=evaluation,
            denoise=self._form.start == "closed-form",
            generator=Noise(seed).on("cpu"),
        ).float()  # whatever the default type of the process is
        self._model_summary_string = (
            f"InfoSEM: {len(self.regulator_names)} regulators, {len(self.gene_names)} genes, prior {self.prior_!r}, "
            f"{standardise} standardisation, seed {seed}"
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
        _require_known(kwargs)
        if not isinstance(adata, AnnData):
            raise TypeError(
                f"setup_anndata needs an AnnData, not {type(adata).__name__}. With a MuData pass one modality: "
                "mdata.mod['rna']."
            )
        _require_cells_by_genes(adata)
        if adata.is_view and adata.isbacked:
            raise ValueError(
                "adata is a view of an AnnData in a file, which cannot be set up. Read what it shows into memory: "
                "adata = adata.to_memory()."
            )
        _check_if_view(adata, copy_if_view=True)
        wanted = {"varm": embedding_key, "varp": interactions_key, "var": regulator_key}
        embedding_key = _resolve_key(adata, "varm", embedding_key, _keys.GENE_EMBEDDING, without="no text prior")
        interactions_key = _resolve_key(
            adata, "varp", interactions_key, _keys.KNOWN_INTERACTIONS, without="no interaction prior"
        )
        regulator_key = _resolve_key(
            adata, "var", regulator_key, _keys.IS_REGULATOR, without="all genes may have targets"
        )
        absent = [
            (genes, key) for _, genes, key in _OF_GENES if wanted[genes] == "auto" and key not in getattr(adata, genes)
        ]
        setup_method_args = cls._get_setup_method_args(
            cls=cls,
            adata=adata,
            layer=layer,
            embedding_key=embedding_key,
            interactions_key=interactions_key,
            regulator_key=regulator_key,
        )
        manager = GeneAlignedManager(
            fields=[
                ExpressionField(layer),
                EmbeddingField(embedding_key),
                RegulatorField(regulator_key),
                InteractionsField(interactions_key, regulator_key),
            ],
            setup_method_args=setup_method_args,
        )
        manager.absent = absent
        registered = cls._setup_adata_manager_store.get(adata.uns.get(_SCVI_UUID_KEY))
        if registered is not None and registered.adata is not adata:
            del adata.uns[_SCVI_UUID_KEY]  # of the AnnData that this is a copy of, whose place it would take
        manager.register_fields(adata, **kwargs)
        cls.register_manager(manager)

    def _check_if_trained(
        self, warn: bool = True, message: str = "This model is not trained yet: call model.train() first."
    ) -> None:
        super()._check_if_trained(warn=warn, message=message)

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
            ``form="paper"``, is DeepSEM's: an epoch of the one, two of the other, many times as many epochs.
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
        if self.adata is None:
            raise RuntimeError("This model was loaded without data. Load it with InfoSEM.load(path, adata=adata).")
        self.adata_manager.require_cells_unchanged()
        schedule = self._form.schedule if schedule is None else schedule
        if schedule not in SCHEDULES:
            raise ValueError(f"schedule={schedule!r} is not one of {', '.join(map(repr, SCHEDULES))}.")
        kind = SCHEDULES[schedule]
        if max_epochs is not None:
            max_epochs = whole_number(max_epochs, "max_epochs", least=1)
        if batch_size is not None:
            batch_size = whole_number(batch_size, "batch_size", least=1, what="the number of cells of a step")
        require_trainers(trainer_kwargs)
        early_stopping = truth_value(early_stopping, "early_stopping")
        plan_kwargs = require_step_sizes(plan_kwargs)
        devices, trainer_kwargs = without_numpy(devices), without_numpy(trainer_kwargs)
        split = split_cells(self.adata.n_obs, train_size, validation_size, self.seed_)
        batch_size = min(kind.batch_size if batch_size is None else batch_size, len(split[0]))
        max_epochs = kind.default_epochs(len(split[0]), batch_size) if max_epochs is None else max_epochs
        noise = Noise(self.seed_)
        plan = kind(self.module, max_epochs, noise=noise, **plan_kwargs)
        in_memory = is_in_memory(self.adata_manager.get_from_registry(REGISTRY_KEYS.X_KEY))
        splitter = (SeededSplitter if in_memory else StreamingSplitter)(
            self.adata_manager,
            noise=noise,
            external_indexing=split,
            batch_size=batch_size,
            distributed_sampler=use_distributed_sampler(trainer_kwargs.get("strategy")),
        )
        defaults: dict[str, Any] = {
            "log_every_n_steps": 1,
            "early_stopping_monitor": "reconstruction_loss_validation",
            "benchmark": None,  # of convolutions, of which there are none: it would be set for the whole process
        }
        if splitter.n_val == 0:
            if early_stopping and "train" not in trainer_kwargs.get("early_stopping_monitor", ""):
                raise ValueError(
                    "early_stopping=True needs cells to watch: pass train_size=0.9, or watch the training cells with "
                    'early_stopping_monitor="elbo_train".'
                )
            # checkpoints and early stopping would ask for validation cells
            defaults |= {"limit_val_batches": 0, "checkpointing_monitor": "train_loss"}
        callbacks = [*trainer_kwargs.pop("callbacks", []), CostReport(self._size.memory(batch_size), batch_size)]
        runner = TrainRunner(
            self,
            training_plan=plan,
            data_splitter=splitter,
            max_epochs=max_epochs,
            accelerator=accelerator,
            devices=devices,
            early_stopping=early_stopping,
            callbacks=callbacks,
            **{**defaults, **trainer_kwargs},
        )
        self._size.require_memory(batch_size, runner.device)
        if self._form.start == "closed-form" and not self.is_trained_:
            x = self.adata_manager.get_from_registry(REGISTRY_KEYS.X_KEY)
            device = runner.trainer.strategy.root_device
            start_from_closed_form(self.module, x, split[0], effects=self._starts_from_closed_form, device=device)
        self.module.train()
        with interrupt_handler_restored(), WarningFiltersRestored():
            try:
                runner()
            except SystemExit as ended:
                # by which a cluster ends a job: nobody is there to go on with half a training
                if runner.trainer.received_sigterm:
                    raise SystemExit(128 + signal.SIGTERM) from ended  # Lightning's has no status, which is success
                if not runner.trainer.interrupted:
                    raise
                self._keep_interrupted(runner)
            finally:
                self.module.requires_grad_(True)

    def _keep_interrupted(self, runner: TrainRunner) -> None:
        logger.warning(
            "Training was interrupted in epoch %d of %d. The network so far is kept.",
            runner.trainer.current_epoch + 1,
            runner.trainer.max_epochs,
        )
        self.module.eval()
        self.to_device(runner.device)
        self.trainer = runner.trainer
        self.is_trained_ = True

    @property
    def gene_names(self) -> list[str]:
        """Names of the genes, the columns of the adjacency."""
        return gene_names(self.registry_)

    @property
    def regulator_names(self) -> list[str]:
        """Names of the regulators, the rows of the adjacency."""
        names = self.gene_names
        return [names[column] for column in regulators(self.registry_)]

    def _resolve_prior(self, prior: str) -> str:
        registered = {
            "embedding": "n_embedding" in state_of(self.registry_, EMBEDDING_FIELD),
            "interactions": "n_interactions" in state_of(self.registry_, INTERACTIONS_FIELD),
        }
        if prior == "auto":
            return "+".join(name for name, there in registered.items() if there) or "laplace"
        for part, argument in (("embedding", "embedding_key"), ("interactions", "interactions_key")):
            if part in prior and not registered[part]:
                raise ValueError(
                    f"prior={prior!r} needs {argument[:-4]} data, but none are registered. Call "
                    f"InfoSEM.setup_anndata(adata, {argument}=...) first."
                )
        return prior


def _require_cells_by_genes(adata: AnnData) -> None:
    """Raise a :class:`ValueError` if what the model wants of genes stands where cells are."""
    barcodes = adata.var_names.astype(str).str.fullmatch(_BARCODE).mean() if adata.n_vars else 0.0
    turned = [
        f"adata.{cells}[{key!r}]"
        for cells, genes, key in _OF_GENES
        if key in getattr(adata, cells) and key not in getattr(adata, genes)
    ]
    if turned or barcodes > 0.9:
        found = f"{turned[0]} is there" if turned else f"its genes are called {', '.join(adata.var_names[:3])}"
        raise ValueError(f"adata looks as if it were genes x cells: {found}. Turn it first: adata = adata.T.copy().")


def _require_none(arguments: dict[str, Any]) -> None:
    """Raise a :class:`TypeError` that names an argument which other models have and this one has not."""
    for name in arguments:
        raise TypeError(
            f"InfoSEM has no argument {name!r}. Layer, embeddings, interactions and regulators are named in "
            "InfoSEM.setup_anndata(adata, ...), epochs and step sizes in train(); the model knows no batches or "
            "labels, and its latent space is that of the genes: InfoSEM(adata, prior=..., seed=...)."
        )


def _require_known(arguments: dict[str, Any]) -> None:
    """Raise a :class:`TypeError` that names an argument of ``setup_anndata`` which other models have."""
    for name in arguments:
        if name != "source_registry":
            raise TypeError(
                f"setup_anndata has no argument {name!r}: it has layer, embedding_key, interactions_key and "
                "regulator_key. The model knows no batches, labels or covariates: correct the expression for them "
                "first, or fit each group by itself with infosem.tl.by_group(adata, ...)."
            )


def _resolve_key(adata: AnnData, attribute: str, key: str | None, default: str, *, without: str) -> str | None:
    if key != "auto":
        return key
    if default not in getattr(adata, attribute):
        logger.info("No adata.%s[%r]: %s.", attribute, default, without)
        return None
    logger.info("Using adata.%s[%r].", attribute, default)
    return default
