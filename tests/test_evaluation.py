"""Tabulated training against exact evaluation at the same parameters, at every step."""

from __future__ import annotations

import pytest
import torch

from infosem import InfoSEM, datasets
from infosem.data._noise import Noise
from infosem.module import Gaussian
from infosem.module._scalar_networks import TabulatedNetwork
from infosem.train._schedules import SCHEDULES

from .conftest import QUIET


class Watch:
    """Makes a training plan compare loss and gradient of every step with those of the exact networks."""

    errors: list[tuple[float, float]]
    tabulated: list[bool]

    def training_step(self, batch, batch_idx):
        trained = {name: p for name, p in self.module.named_parameters() if p.requires_grad}
        results = []
        for exact in (False, True):
            for part in self.module.modules():
                if isinstance(part, TabulatedNetwork):
                    part.train(not exact)
            self.noise = Noise(batch_idx)
            _, _, output = self.forward(batch)
            gradients = torch.autograd.grad(output.loss, trained.values())
            results.append((output.loss.item(), dict(zip(trained, gradients, strict=True))))
        self.module.train()
        (loss, gradients), (exact_loss, exact_gradients) = results
        self.errors.append((abs(loss - exact_loss) / abs(exact_loss), relative_error(gradients, exact_gradients)))
        tables = [part for part in self.module.modules() if isinstance(part, TabulatedNetwork)]
        self.tabulated += [2 * table.n_knots < batch["X"].numel() for table in tables]
        return super().training_step(batch, batch_idx)


def relative_error(gradients, exact):
    """Largest over those of adjacency, encoder and decoder that train."""
    errors = []
    for part in {name.split(".")[0] for name in exact} & {"adjacency", "encoder", "decoder"}:
        names = [name for name in gradients if name.startswith(part)]
        one, other = (torch.cat([g[name].flatten() for name in names]) for g in (gradients, exact))
        errors.append(float((one - other).norm() / other.norm()))
    return max(errors)


@pytest.mark.parametrize("schedule", ["joint", "alternating"])
@pytest.mark.parametrize("mask_zeros", [True, False])
def test_loss_and_gradients_are_exact_to_1e_4_at_every_step(monkeypatch, schedule, mask_zeros):
    cells = datasets.simulate(256, 100, 10, seed=0)
    InfoSEM.setup_anndata(cells, embedding_key=None, interactions_key=None)
    model = InfoSEM(cells, likelihood=Gaussian(mask_zeros=mask_zeros))
    Watch.errors, Watch.tabulated = [], []
    monkeypatch.setitem(SCHEDULES, schedule, type("Watched", (Watch, SCHEDULES[schedule]), {}))
    steps = {"lr_networks": 1e-3, "lr_adjacency": 0.2}
    model.train(max_epochs=20, schedule=schedule, batch_size=64, plan_kwargs=steps, **QUIET)
    assert len(Watch.errors) == 20 * 4
    assert all(Watch.tabulated)
    assert max(loss for loss, _ in Watch.errors) <= 1e-4
    assert max(gradient for _, gradient in Watch.errors) <= 1e-4
