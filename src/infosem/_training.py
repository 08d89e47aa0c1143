"""The training plan: networks and adjacency in turn, each with its own optimiser."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from scvi import REGISTRY_KEYS
from scvi.train import TrainingPlan
from torch import Tensor, nn

from infosem._cost import describe, seconds_per_call
from infosem._module import InfoSEMModule
from infosem._networks import TabulatedNetwork

logger = logging.getLogger(__name__)

_FACTOR_EPS = 1e-5
"""RMSprop gives the faintest gradient a full step. Labels pull on the factors with about 1e-3; much fainter pulls, on
genes without labels, shall not move a probability from one half as far as a label does."""


class AlternatingTrainingPlan(TrainingPlan):
    r"""Train the scalar networks for some epochs, then the adjacency for some, as in DeepSEM (Shu et al. 2021).

    Both parts use RMSprop. The step size of the networks (and of the latent prior) decays every epoch; that of the
    adjacency, the embedding coefficients and the probability factors does not.

    Parameters
    ----------
    module
        The module to train.
    lr_networks
        Step size of the encoder, the decoder and the latent prior.
    lr_decay
        Factor on ``lr_networks`` after every epoch.
    lr_adjacency
        Step size of the effects :math:`A` or :math:`A_e`, in units of :math:`1 / (R - 1)`, the effect of one of
        :math:`R` regulators that share a total effect of one. For 1,000 regulators it is DeepSEM's 2e-5.
    lr_coefficients
        Step size of the embedding prior's :math:`w` and :math:`c`, in the same units.
    lr_probability
        Step size of the factors :math:`U, V` of the edge probabilities.
    network_epochs, adjacency_epochs
        Length of the two phases of a cycle, in epochs.
    """

    def __init__(
        self,
        module: InfoSEMModule,
        *,
        lr_networks: float = 1e-4,
        lr_decay: float = 0.95,
        lr_adjacency: float = 0.02,
        lr_coefficients: float = 0.04,
        lr_probability: float = 1e-3,
        network_epochs: int = 1,
        adjacency_epochs: int = 2,
    ) -> None:
        super().__init__(module)
        self.automatic_optimization = False
        self.lr_networks, self.lr_decay = lr_networks, lr_decay
        self.lr_adjacency, self.lr_coefficients, self.lr_probability = lr_adjacency, lr_coefficients, lr_probability
        self.network_epochs, self.adjacency_epochs = network_epochs, adjacency_epochs

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """RMSprop for the networks, decayed every epoch, and for the adjacency."""
        groups = _parameter_groups(self.module)
        unit = 1 / (len(self.module.regulators) - 1)
        networks = torch.optim.RMSprop(groups["networks"], lr=self.lr_networks)
        adjacency = torch.optim.RMSprop(
            [
                {"params": groups[name], "lr": lr, "eps": eps}
                for name, lr, eps in (
                    ("effects", self.lr_adjacency * unit, 1e-8),
                    ("coefficients", self.lr_coefficients * unit, 1e-8),
                    ("factors", self.lr_probability, _FACTOR_EPS),
                )
                if groups[name]
            ]
        )
        decay = torch.optim.lr_scheduler.ExponentialLR(networks, gamma=self.lr_decay)
        return [networks, adjacency], [decay]

    def time_step(self, batch_size: int) -> float:
        """Seconds that the gradient of a step takes, as a mean over the phases; leaves the model as it is."""
        module = self.module
        knots = {name: part.n_knots for name, part in module.named_modules() if isinstance(part, TabulatedNetwork)}
        with torch.random.fork_rng():
            cells = torch.randn(batch_size, len(module.mean), device=module.mean.device, dtype=module.mean.dtype)
        batch = {REGISTRY_KEYS.X_KEY: (module.mean + module.sd * cells).clamp_min(0)}

        def gradient() -> None:
            with self.trainer.precision_plugin.forward_context(), torch.random.fork_rng():
                _, _, output = self.forward(batch)
            trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
            torch.autograd.grad(output.loss, trained, allow_unused=True)

        seconds = 0.0
        for optimizer, epochs in zip(self.optimizers(), (self.network_epochs, self.adjacency_epochs), strict=True):
            if epochs:
                with self.toggled_optimizer(optimizer):
                    seconds += epochs * seconds_per_call(gradient, module.mean.device)
        for name, n_knots in knots.items():
            module.get_submodule(name).n_knots = n_knots
        return seconds / (self.network_epochs + self.adjacency_epochs)

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        """One step of the optimiser whose phase it is; returns the loss, which callbacks of scvi-tools look at."""
        networks, adjacency = self.optimizers()
        in_network_phase = self.current_epoch % (self.network_epochs + self.adjacency_epochs) < self.network_epochs
        optimizer = networks if in_network_phase else adjacency
        with self.toggled_optimizer(optimizer):
            optimizer.zero_grad()
            _, _, output = self.forward(batch)
            self._stop_if_not_finite(output.loss)
            self.manual_backward(output.loss)
            optimizer.step()
        loss = output.loss.detach()
        self._totals += torch.stack(
            [
                output.n_obs_minibatch * loss,
                output.reconstruction_loss_sum.detach(),
                output.kl_local_sum.detach(),
                output.n_obs_minibatch * output.kl_global_sum.detach(),
                loss.new_tensor(output.n_obs_minibatch),
            ]
        )
        return loss

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Pass through to the module."""
        return self.module(*args, **kwargs)

    def on_train_start(self) -> None:
        """Give every process noise of its own."""
        if self.trainer.world_size > 1:
            torch.manual_seed(torch.initial_seed() + self.global_rank)

    def on_train_epoch_start(self) -> None:
        """Start the sums of the epoch."""
        self._totals = torch.zeros(5, device=self.device, dtype=self.module.mean.dtype)

    def on_train_epoch_end(self) -> None:
        """Log means per cell over the epoch, and decay the networks' step size."""
        # not step by step: Lightning's logging would take longer than a small model's gradient
        *totals, n_cells = self.trainer.strategy.reduce(self._totals, reduce_op="sum")
        loss, reconstruction, kl_local, kl_global = (total / n_cells for total in totals)
        self.log("train_loss", loss, prog_bar=True)
        self.log("elbo_train", reconstruction + kl_local + kl_global / self.n_obs_training)
        self.log("reconstruction_loss_train", reconstruction)
        self.log("kl_local_train", kl_local)
        self.log("kl_global_train", kl_global)
        self.lr_schedulers().step()

    def _stop_if_not_finite(self, loss: Tensor) -> None:
        if not torch.isfinite(loss.detach()):
            raise FloatingPointError(
                f"The loss is no longer finite ({loss.item():.3g} in epoch {self.current_epoch}). Start from a new "
                "model with smaller steps, for instance "
                "model.train(plan_kwargs={'lr_networks': 1e-5, 'lr_adjacency': 0.002}), and check the expression for "
                "outliers."
            )


class CostReport(Callback):
    """Logs what the fit will take when it begins.

    Parameters
    ----------
    memory
        Bytes that it takes.
    batch_size
        Cells per step.
    """

    def __init__(self, memory: int, batch_size: int) -> None:
        self.memory, self.batch_size = memory, batch_size

    def on_train_start(self, trainer: Trainer, pl_module: AlternatingTrainingPlan) -> None:  # type: ignore[override]
        """Time a step and log the estimate."""
        n_steps = trainer.max_epochs * int(trainer.num_training_batches)
        if trainer.is_global_zero:
            n_parameters = sum(parameter.numel() for parameter in pl_module.module.parameters())
            logger.info("%s", describe(n_parameters, self.memory, n_steps, pl_module.time_step(self.batch_size)))


@contextmanager
def interrupt_handler_restored() -> Iterator[None]:
    """Restore the handler of Ctrl-C that Lightning disables when it is pressed during training."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _parameter_groups(module: InfoSEMModule) -> dict[str, list[nn.Parameter]]:
    effects = [module.adjacency.free_effect]
    factors = [p for name, p in module.adjacency.named_parameters() if name.endswith("_factors")]
    coefficients = list(module.effect_prior.parameters())
    slow = {id(p) for p in effects + factors + coefficients}
    networks = [p for p in module.parameters() if id(p) not in slow]
    return {"networks": networks, "effects": effects, "coefficients": coefficients, "factors": factors}


def split_cells(n_cells: int, train_size: float, validation_size: float | None, seed: int) -> list[np.ndarray]:
    """Training, validation and test cells, drawn with the model's seed."""
    if validation_size is None:
        validation_size = 1 - train_size
    if not 0 < train_size <= 1 or not 0 <= validation_size <= 1 - train_size + 1e-9:
        raise ValueError(
            f"train_size={train_size} and validation_size={validation_size} must be shares of the cells that add up to "
            "at most 1, the first above 0."
        )
    cells = np.random.default_rng(seed).permutation(n_cells)
    n_train = int(np.ceil(train_size * n_cells))
    return np.split(cells, [n_train, n_train + round(validation_size * n_cells)])
