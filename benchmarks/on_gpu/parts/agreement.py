"""Whether both devices give the same loss, the same gradient and the same network."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import numpy as np
import torch
from scipy import sparse
from scvi import REGISTRY_KEYS
from torch import Tensor

from infosem import InfoSEM, datasets
from infosem.module import Normal
from on_gpu.comparison import auprc, compare, relative_error
from on_gpu.devices import matrix_products
from on_gpu.run import PRESETS, QUIET, Run

TOLERANCES = {"float32": (1e-5, 1e-3), "TF32": (1e-3, 3e-2)}
"""Largest relative error of loss and gradient against double precision."""


def agreement(run: Run) -> None:
    """Compare a step with double precision, and whole fits with each other, on both devices."""
    cells, device = run.cells, run.plan.device
    for model, name in _models_to_compare(run):
        exact = _loss_and_gradient(model, torch.device("cpu"), torch.float64)
        for precision, place, products in (
            ("float32", torch.device("cpu"), "highest"),
            ("float32", device, "highest"),
            ("TF32", device, "high"),
        ):
            with matrix_products(products):
                found = _loss_and_gradient(model, place, torch.float32)
            errors = {part: relative_error(found[part], exact[part]) for part in exact}
            for part, error in errors.items():
                run.add(f"a step, {name}, {precision}", place.type, f"relative error of {part}", error)
            allowed = TOLERANCES[precision]
            within = errors.pop("loss") <= allowed[0] and max(errors.values()) <= allowed[1]
            run.add(f"a step, {name}, {precision}", place.type, "within tolerance", within)

    reference = run.fit(cells, "cpu")
    run.add("a fit", "cpu", "AUPRC", auprc(cells, reference))
    other_seed = run.fit(cells, "cpu", seed=1)
    compare(run, "a fit, other seed", "cpu", other_seed, reference)
    for name, products in (("a fit", "highest"), ("a fit, once more", "highest"), ("a fit, TF32", "high")):
        with matrix_products(products):
            compare(run, name, device.type, run.fit(cells, run.plan.accelerator), reference)


def _models_to_compare(run: Run) -> Iterator[tuple[InfoSEM, str]]:
    """Train the default model of the real cells, and of simulated ones one of each preset."""
    yield run.fit(run.cells, "cpu", max_epochs=1), "real cells"
    simulated = datasets.simulate(200, 60, 12, seed=0)
    for preset in PRESETS:
        InfoSEM.setup_anndata(simulated)
        model = InfoSEM(simulated, preset=preset)
        model.train(1, accelerator="cpu", **QUIET)
        yield model, f"{model.prior_}, preset {preset}"


def _loss_and_gradient(model: InfoSEM, device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    """Compute the loss of a batch, with the same noise everywhere, and the gradient of each part of the module."""
    generator = torch.Generator().manual_seed(0)
    x = model.adata_manager.get_from_registry(REGISTRY_KEYS.X_KEY)[:128]
    x = torch.as_tensor(x.toarray() if sparse.issparse(x) else np.asarray(x)).to(device, dtype)
    noise = torch.randn(x.shape, generator=generator)
    module = model.module.to(device, dtype).train()
    module.zero_grad()

    def sample(posterior: Normal, _: torch.Generator | None = None) -> Tensor:
        return torch.addcmul(posterior.mean, (0.5 * posterior.log_variance).exp(), noise.to(posterior.mean))

    with mock.patch.object(Normal, "sample", sample):
        loss = module({REGISTRY_KEYS.X_KEY: x})[2].loss
    loss.backward()
    gradients = {name: p.grad for name, p in module.named_parameters() if p.grad is not None}
    parts = {
        "encoder": "encoder.",
        "decoder": "decoder.",
        "latent prior": "latent.",
        "effects": "adjacency.",
        "text": "effect_prior.",
    }
    found = {"loss": loss.detach()}
    for part, prefix in parts.items():
        of_part = [gradient.flatten() for name, gradient in gradients.items() if name.startswith(prefix)]
        if of_part:
            found[f"gradient, {part}"] = torch.cat(of_part).clone()
    model.module.to("cpu", torch.float32)
    return found
