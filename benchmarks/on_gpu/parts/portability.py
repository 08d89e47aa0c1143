"""Whether a model goes from one device to the other, and does on each what it can do."""

from __future__ import annotations

import tempfile
from collections.abc import Callable

import torch

from infosem import InfoSEM, datasets
from on_gpu.comparison import relative_error
from on_gpu.run import PRESETS, QUIET, Run


def portability(run: Run) -> None:
    """Save on one device and load on the other, both ways, and call every method of a model on the card."""
    plan = run.plan
    cells = datasets.simulate(200, 40, 8, seed=0)
    InfoSEM.setup_anndata(cells)
    for trained_on, loaded_on in ((plan.accelerator, "cpu"), ("cpu", plan.accelerator)):
        model = InfoSEM(cells)
        model.train(3, accelerator=trained_on, **QUIET)
        with tempfile.TemporaryDirectory() as folder:
            model.save(folder, overwrite=True)
            again = InfoSEM.load(folder, adata=cells, accelerator=loaded_on)
        same = again.get_adjacency().equals(model.get_adjacency()) and again.get_edges().equals(model.get_edges())
        run.add(f"saved by {trained_on}, loaded by {loaded_on}", again.device.type, "same network", same)
        latent = [each.get_latent_representation() for each in (model, again)]
        run.add(
            f"saved by {trained_on}, loaded by {loaded_on}",
            again.device.type,
            "relative error of latent noise",
            relative_error(torch.as_tensor(latent[1]), torch.as_tensor(latent[0])),
        )
        again.train(1, accelerator=loaded_on, **QUIET)
        run.add(f"saved by {trained_on}, loaded by {loaded_on}", again.device.type, "trains on", True)

    regulator = cells.var_names[0]
    uses: dict[str, Callable[[InfoSEM], object]] = {
        "get_edges": lambda model: model.get_edges(),
        "get_evidence": lambda model: model.get_evidence(),
        "get_probabilities": lambda model: model.get_probabilities(),
        "get_prior_mean": lambda model: model.get_prior_mean(),
        "get_known_interactions": lambda model: model.get_known_interactions(),
        "get_latent_representation": lambda model: model.get_latent_representation(),
        "get_denoised_expression": lambda model: model.get_denoised_expression(),
        "get_elbo": lambda model: model.get_elbo(),
        "get_reconstruction_error": lambda model: model.get_reconstruction_error(),
        "sample_cells": lambda model: model.sample_cells(10),
        "get_spectral_radius": lambda model: model.get_spectral_radius(),
        "get_total_effects": lambda model: model.get_total_effects(regulator),
        "get_intervention_shift": lambda model: model.get_intervention_shift(regulator, fold=2.0),
        "write_network": lambda model: model.write_network(),
    }
    for preset in PRESETS:
        for options in ({}, {"schedule": "alternating"}, {"train_size": 0.8, "early_stopping": True}):
            model = InfoSEM(cells, preset=preset)
            model.train(3, accelerator=plan.accelerator, **QUIET, **options)  # type: ignore[arg-type]
            name = ", ".join([f"preset {preset}", *(f"{key}={value}" for key, value in options.items())])
            failed = []
            for use, function in uses.items():
                try:
                    function(model)
                except Exception as error:
                    failed.append(f"{use}: {error!r}")
            run.add(f"methods, {name}", model.device.type, "failed", "; ".join(failed) or "none")
