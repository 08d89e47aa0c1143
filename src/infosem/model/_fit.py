"""Training of a model: split of the cells, schedule, initial effects, trainer and interruptions."""

from __future__ import annotations

import logging
import signal
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from lightning.pytorch.strategies import DDPStrategy
from scvi import REGISTRY_KEYS
from scvi.train import TrainRunner

from infosem.data._arguments import truth_value, whole_number
from infosem.data._blocks import is_in_memory
from infosem.data._noise import Noise
from infosem.data._shuffling import SeededSplitter
from infosem.data._streaming import StreamingSplitter
from infosem.model._base import NetworkModel
from infosem.train import SCHEDULES, ClosedForm
from infosem.train._closed_form import start_from_closed_form
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


def fit(
    model: NetworkModel,
    max_epochs: int | None,
    *,
    schedule: str,
    accelerator: str,
    devices: int | list[int] | str,
    batch_size: int | None,
    train_size: float,
    validation_size: float | None,
    early_stopping: bool,
    plan_kwargs: dict[str, Any] | None,
    trainer_kwargs: dict[str, Any],
) -> None:
    """Train ``model``; see :meth:`infosem.InfoSEM.train` for the arguments."""
    if model.adata is None:
        raise RuntimeError("This model was loaded without data. Load it with InfoSEM.load(path, adata=adata).")
    model.adata_manager.require_cells_unchanged()
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
    split = split_cells(model.adata.n_obs, train_size, validation_size, model.seed_)
    batch_size = min(kind.batch_size if batch_size is None else batch_size, len(split[0]))
    max_epochs = kind.default_epochs(len(split[0]), batch_size) if max_epochs is None else max_epochs
    noise = Noise(model.seed_)
    plan = kind(model.module, max_epochs, noise=noise, **plan_kwargs)
    in_memory = is_in_memory(model.adata_manager.get_from_registry(REGISTRY_KEYS.X_KEY))
    splitter = (SeededSplitter if in_memory else StreamingSplitter)(
        model.adata_manager,
        noise=noise,
        external_indexing=split,
        batch_size=batch_size,
        distributed_sampler=_is_distributed(trainer_kwargs.get("strategy")),
    )
    defaults: dict[str, Any] = {
        "log_every_n_steps": 1,
        "early_stopping_monitor": "reconstruction_loss_validation",
        "benchmark": None,  # concerns convolutions, which are not used, and would be set for the whole process
    }
    if splitter.n_val == 0:
        if early_stopping and "train" not in trainer_kwargs.get("early_stopping_monitor", ""):
            raise ValueError(
                "early_stopping=True needs cells to watch: pass train_size=0.9, or watch the training cells with "
                'early_stopping_monitor="elbo_train".'
            )
        # checkpoints and early stopping need validation cells by default
        defaults |= {"limit_val_batches": 0, "checkpointing_monitor": "train_loss"}
    callbacks = [*trainer_kwargs.pop("callbacks", []), CostReport(model._size.memory(batch_size), batch_size)]
    runner = TrainRunner(
        model,
        training_plan=plan,
        data_splitter=splitter,
        max_epochs=max_epochs,
        accelerator=accelerator,
        devices=devices,
        early_stopping=early_stopping,
        callbacks=callbacks,
        **{**defaults, **trainer_kwargs},
    )
    model._size.require_memory(batch_size, runner.device)
    if not model.is_trained_:
        _start(model, split[0], runner.trainer.strategy.root_device)
    model.module.train()
    with interrupt_handler_restored(), WarningFiltersRestored():
        try:
            runner()
        except SystemExit as ended:
            # clusters end jobs by SIGTERM, after which nobody continues with a partly trained model
            if runner.trainer.received_sigterm:
                raise SystemExit(128 + signal.SIGTERM) from ended  # Lightning exits with the status of success
            if not runner.trainer.interrupted:
                raise
            _keep_interrupted(model, runner)
        finally:
            model.module.requires_grad_(True)


def _start(model: NetworkModel, cells: np.ndarray, device: torch.device) -> None:
    """Compute the closed-form estimates that the model uses."""
    effects = isinstance(model._start, ClosedForm)
    if effects or model.module.denoiser is not None or model._ranking.reads_association:
        everyone = model.adata_manager.cells
        measured = start_from_closed_form(
            model.module, everyone, cells, n_groups=len(model.group_names), effects=effects, device=device
        )
        model.edge_facts_ = replace(model.edge_facts_, **vars(measured))


def _is_distributed(strategy: Any) -> bool:
    return "ddp" in strategy if isinstance(strategy, str) else isinstance(strategy, DDPStrategy)


def _keep_interrupted(model: NetworkModel, runner: TrainRunner) -> None:
    logger.warning(
        "Training was interrupted in epoch %d of %d. The network so far is kept.",
        runner.trainer.current_epoch + 1,
        runner.trainer.max_epochs,
    )
    model.module.eval()
    model.to_device(runner.device)
    model.trainer = runner.trainer
    model.is_trained_ = True
