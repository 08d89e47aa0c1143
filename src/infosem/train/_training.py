"""Helpers of training: cost report, interruptions, checks of arguments and the split of the cells."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import signature
from reprlib import repr as shown
from typing import Any, ClassVar

import numpy as np
import scvi.train
from lightning.pytorch import Callback, Trainer

from infosem.data._arguments import number, share
from infosem.train._cost import describe
from infosem.train._plan import NetworkTrainingPlan

logger = logging.getLogger(__name__)


class CostReport(Callback):
    """Callback that logs the cost of training at its start.

    Parameters
    ----------
    memory
        Peak memory of training in bytes.
    batch_size
        Number of cells per step.
    """

    def __init__(self, memory: int, batch_size: int) -> None:
        self.memory, self.batch_size = memory, batch_size

    def on_train_start(self, trainer: Trainer, pl_module: NetworkTrainingPlan) -> None:  # type: ignore[override]
        """Time a step and log the estimated cost."""
        n_steps = trainer.max_epochs * int(trainer.num_training_batches)
        if trainer.is_global_zero:
            n_parameters = sum(parameter.numel() for parameter in pl_module.module.parameters())
            logger.info("%s", describe(n_parameters, self.memory, n_steps, pl_module.time_step(self.batch_size)))


@contextmanager
def interrupt_handler_restored() -> Iterator[None]:
    """Restore the handler of Ctrl-C, which Lightning disables if training is interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


class WarningFiltersRestored:
    """Context that restores the warning filters, which scvi-tools changes during training.

    If several threads train at the same time, each would restore the filters that another one has changed. The filters
    are therefore restored when the last training ends.
    """

    _lock = threading.Lock()
    _n_open = 0
    _before: ClassVar[warnings.catch_warnings]

    def __enter__(self) -> None:
        cls = type(self)
        with cls._lock:
            if cls._n_open == 0:
                cls._before = warnings.catch_warnings()
                cls._before.__enter__()
            cls._n_open += 1

    def __exit__(self, *_: object) -> None:
        cls = type(self)
        with cls._lock:
            cls._n_open -= 1
            if cls._n_open == 0:
                cls._before.__exit__(None, None, None)


def require_trainers(arguments: Mapping[str, Any]) -> None:
    """Raise a :class:`TypeError` for an argument that neither the trainer of scvi-tools nor that of Lightning has."""
    known = {*signature(scvi.train.Trainer).parameters, *signature(Trainer).parameters, "ckpt_path", "trainer_config"}
    for name in arguments:
        if name not in known:
            raise TypeError(
                f"train() has no argument {name!r}, nor has Lightning's Trainer. Number of epochs: max_epochs=; step "
                "sizes: plan_kwargs={'lr_adjacency': ...}; a GPU: accelerator='gpu'; a seed: InfoSEM(adata, seed=...)."
            )


def require_step_sizes(plan_kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the arguments of a training plan; raise a :class:`TypeError` if they are not a mapping from names."""
    if plan_kwargs is None:
        return {}
    if not isinstance(plan_kwargs, Mapping) or not all(isinstance(name, str) for name in plan_kwargs):
        raise TypeError(
            f"plan_kwargs={shown(plan_kwargs)} must be a dictionary of step sizes, such as "
            "plan_kwargs={'lr_adjacency': 0.01}."
        )
    return dict(plan_kwargs)


def without_numpy(value: Any) -> Any:
    """Convert NumPy scalars in an argument of Lightning's trainer, also within containers, to Python numbers."""
    if isinstance(value, dict):
        return {name: without_numpy(entry) for name, entry in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(without_numpy, value))
    return value.item() if isinstance(value, np.generic) else value


def split_cells(n_cells: int, train_size: float, validation_size: float | None, seed: int) -> list[np.ndarray]:
    """Return the indices of training, validation and test cells, drawn with ``seed``."""
    train_size = number(train_size, "train_size", above=0, most=1, what="a share of the cells")
    if validation_size is None:
        validation_size = 1 - train_size
    validation_size = share(validation_size, "validation_size", what="a share of the cells")
    if validation_size > 1 - train_size + 1e-9:
        raise ValueError(
            f"train_size={train_size} and validation_size={validation_size} must be shares of the cells that add up to "
            "at most 1."
        )
    cells = np.random.default_rng(seed).permutation(n_cells)
    n_train = int(np.ceil(train_size * n_cells))
    return np.split(cells, [n_train, n_train + round(validation_size * n_cells)])
