"""Base class of the training plans: groups of parameters, training steps, logging and timing."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from scvi.train import TrainingPlan
from torch import Tensor, nn
from torch.optim import Optimizer

from infosem.data._arguments import number
from infosem.data._noise import Noise
from infosem.module._scalar_networks import TabulatedNetwork
from infosem.module._vae import InfoSEMModule
from infosem.train._cost import seconds_per_call

_FACTOR_EPS = 1e-5
"""RMSprop takes a full step for even the smallest gradient. Labels give gradients of about 1e-3. Genes without labels
have much smaller gradients, which should not move a probability from one half as far as a label does."""


_LONGEST_STEP = 1e3

_SMALLER = (
    "Start from a new model with smaller steps, for instance "
    "model.train(plan_kwargs={'lr_networks': 1e-5, 'lr_adjacency': 0.002}), check the expression for outliers, and the "
    "model's weights and initial effect if they are not the default ones."
)


class NetworkTrainingPlan(TrainingPlan):
    """Base class of the schedules, which trains networks and adjacency with one optimiser each.

    Subclasses choose the optimiser, and the epochs in which each part is trained.

    Parameters
    ----------
    module
        Module to train.
    lr_networks
        Step size of the encoder, the decoder and the latent prior.
    max_epochs
        Number of epochs over which step sizes decay.
    lr_decay
        Factor per epoch for the step sizes that decay.
    lr_adjacency
        Step size of the effects :math:`A` or :math:`A_e`, in units of :math:`1 / (R - 1)`. This unit is the effect of
        one of :math:`R` regulators that share a total effect of one.
    lr_coefficients
        Step size of the coefficients :math:`w` and :math:`c` of the text prior, in the same units.
    lr_probability
        Step size of the factors :math:`U, V` of the edge probabilities.
    noise
        Random generator of the latent noise.
    """

    batch_size: ClassVar[int]
    step_sizes: ClassVar[Mapping[str, float]]
    """Default step sizes, without ``lr_decay``."""
    decaying: ClassVar[tuple[int, ...]] = (0,)
    """Optimisers whose step sizes decay."""

    def __init__(self, module: InfoSEMModule, max_epochs: int, *, noise: Noise, **step_sizes: float) -> None:
        steps = {**self.step_sizes, "lr_decay": self.default_decay(max_epochs)}
        unknown = sorted(set(step_sizes) - set(steps))
        if unknown:
            raise TypeError(f"{unknown[0]!r} is not a step size of this schedule, which has {', '.join(steps)}.")
        super().__init__(module)
        self.noise = noise
        self.automatic_optimization = False
        for name, value in step_sizes.items():
            steps[name] = number(value, name, least=0, most=1 if name == "lr_decay" else _LONGEST_STEP)
        self.lr_networks, self.lr_decay = steps["lr_networks"], steps["lr_decay"]
        self.lr_adjacency, self.lr_coefficients = steps["lr_adjacency"], steps["lr_coefficients"]
        self.lr_probability = steps["lr_probability"]

    @classmethod
    @abstractmethod
    def default_epochs(cls, n_cells: int, batch_size: int) -> int:
        """Return the default number of epochs for a number of training cells and cells per step."""

    @classmethod
    @abstractmethod
    def default_decay(cls, max_epochs: int) -> float:
        """Return the default factor per epoch for the step sizes that decay."""

    @abstractmethod
    def decayed_for(self, epochs: float) -> float:
        """Return the exponent of ``lr_decay`` after a number of epochs, which can be fractional."""

    @abstractmethod
    def optimizer(self, groups: list[dict[str, Any]]) -> Optimizer:
        """Return the optimiser of groups of parameters, each with its ``lr``."""

    @property
    @abstractmethod
    def phases(self) -> list[tuple[tuple[int, ...], int]]:
        """Phases of a training cycle, as optimisers (0 for networks, 1 for the adjacency) and numbers of epochs."""

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return one optimiser for the networks and one for the adjacency, and the decay of their step sizes."""
        groups = _parameter_groups(self.module)
        unit = 1 / (len(self.module.regulators) - 1)
        networks = self.optimizer([{"params": groups["networks"], "lr": self.lr_networks}])
        adjacency = self.optimizer(
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
        optimizers = [networks, adjacency]
        decays = [torch.optim.lr_scheduler.LambdaLR(optimizers[k], self._decay) for k in self.decaying]
        return optimizers, decays

    def _decay(self, n_steps: int) -> float:
        """Return the factor for the step sizes after ``n_steps`` steps."""
        if n_steps == 0:  # there may be no trainer yet when the optimisers are made
            return 1.0
        return float(self.lr_decay ** self.decayed_for(n_steps / self.trainer.num_training_batches))

    def time_step(self, batch_size: int) -> float:
        """Return the seconds that the gradient of a step takes, as a mean over the phases. The model is unchanged."""
        module = self.module
        knots = {name: part.n_knots for name, part in module.named_modules() if isinstance(part, TabulatedNetwork)}
        device = module.regulators.device
        generator = Noise(0).on(device)
        batch = module.standardiser.random_cells(batch_size, generator)

        def gradient() -> None:
            with self.trainer.precision_plugin.forward_context():
                _, _, output = module(batch, inference_kwargs={"generator": generator})
            trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
            torch.autograd.grad(output.loss, trained, allow_unused=True)

        seconds = 0.0
        for parts, n_epochs in self.phases:
            self._train_only(parts)
            seconds += n_epochs * seconds_per_call(gradient, device)
        for name, n_knots in knots.items():
            module.get_submodule(name).n_knots = n_knots
        return seconds / sum(n_epochs for _, n_epochs in self.phases)

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        """Update the parameters of the current phase, and return the loss for callbacks of scvi-tools."""
        optimizers = [self.optimizers()[part] for part in self._phase()]
        for optimizer in optimizers:
            optimizer.zero_grad()
        _, _, output = self.forward(batch)
        self._stop_if_not_finite(output.loss)
        self.manual_backward(output.loss)
        for optimizer in optimizers:
            optimizer.step()
        for scheduler in self._schedulers():
            scheduler.step()
        loss = output.loss.detach()
        self._totals += torch.stack(
            [
                output.n_obs_minibatch * loss,
                output.reconstruction_loss_sum.detach(),
                output.kl_local_sum.detach(),
                output.n_obs_minibatch * output.kl_global_sum.detach(),
                loss.new_full((), output.n_obs_minibatch),  # made on the device, which avoids a copy
            ]
        )
        return loss

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate the module with the noise of this plan."""
        generator = self.noise.on(self.module.regulators.device)
        return self.module(*args, inference_kwargs={"generator": generator}, **kwargs)

    def on_train_start(self) -> None:
        """Give each process its own noise."""
        if self.trainer.world_size > 1:
            self.noise = Noise(self.noise.seed + self.global_rank)

    def on_train_epoch_start(self) -> None:
        """Reset the sums that are logged, and enable gradients for the parts that are trained in this epoch."""
        self._train_only(self._phase())
        self._totals = torch.zeros(5, device=self.device, dtype=torch.float32)

    def on_train_epoch_end(self) -> None:
        """Log the means per cell over the epoch."""
        # logging every step by Lightning would take longer than the gradient of a small model
        *totals, n_cells = self._totals
        loss, reconstruction, kl_local, kl_global = (total / n_cells for total in totals)
        self.log("train_loss", loss, prog_bar=True, sync_dist=self.use_sync_dist)
        elbo = reconstruction + kl_local + kl_global / self.n_obs_training
        for name, value in (
            ("elbo", elbo),
            ("reconstruction_loss", reconstruction),
            ("kl_local", kl_local),
            ("kl_global", kl_global),
        ):
            self.log(f"{name}_train", value, sync_dist=self.use_sync_dist)

    def on_train_end(self) -> None:
        """Check that the parameters are finite after the last step, which no loss was computed for."""
        if not all(bool(parameter.isfinite().all()) for parameter in self.module.parameters()):
            raise FloatingPointError(f"The network is no longer finite after the last step. {_SMALLER}")

    def _schedulers(self) -> list[Any]:
        schedulers = self.lr_schedulers()
        return schedulers if isinstance(schedulers, list) else [schedulers]

    def _phase(self) -> tuple[int, ...]:
        epoch = self.current_epoch % sum(n_epochs for _, n_epochs in self.phases)
        for parts, n_epochs in self.phases:
            if epoch < n_epochs:
                return parts
            epoch -= n_epochs
        raise AssertionError

    def _train_only(self, parts: tuple[int, ...]) -> None:
        for part, optimizer in enumerate(self.optimizers()):
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.requires_grad_(part in parts)

    def _stop_if_not_finite(self, loss: Tensor) -> None:
        if not torch.isfinite(loss.detach()):
            raise FloatingPointError(
                f"The loss is no longer finite ({loss.item():.3g} in epoch {self.current_epoch}). {_SMALLER}"
            )


def _parameter_groups(module: InfoSEMModule) -> dict[str, list[nn.Parameter]]:
    effects = [module.adjacency.free_effect]
    factors = [p for name, p in module.adjacency.named_parameters() if name.endswith("_factors")]
    coefficients = list(module.effect_prior.parameters())
    slow = {id(p) for p in effects + factors + coefficients}
    networks = [p for p in module.parameters() if id(p) not in slow]
    return {"networks": networks, "effects": effects, "coefficients": coefficients, "factors": factors}
