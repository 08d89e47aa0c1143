"""How long an ensemble takes, in one process and in several."""

from __future__ import annotations

from speed import seconds

from infosem import train_ensemble
from on_gpu.run import Run, register


def ensembles(run: Run) -> None:
    """Time an ensemble, its models one after the other and in processes that share the card."""
    plan = run.plan
    register(run.cells)
    for n_jobs, accelerator in ((1, plan.accelerator), (plan.n_jobs, plan.accelerator), (plan.n_jobs, "cpu")):
        if not run.in_time(f"{n_jobs} processes"):
            continue
        options = {"accelerator": accelerator, "max_epochs": plan.n_epochs}
        spent = seconds(
            lambda n_jobs=n_jobs, options=options: train_ensemble(
                run.cells, n_models=plan.n_models, n_jobs=n_jobs, progress=False, train_kwargs=options
            )
        )
        device = "cpu" if accelerator == "cpu" else plan.device.type
        run.add(f"{plan.n_models} models, {n_jobs} processes", device, "seconds", spent)
