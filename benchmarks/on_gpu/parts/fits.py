"""How long a whole fit takes."""

from __future__ import annotations

import numpy as np
from speed import seconds

from infosem.benchmark.methods.regdiffusion import RegDiffusion
from on_gpu.run import Run


def fits(run: Run) -> None:
    """Time whole fits of real cells, setup included, and RegDiffusion."""
    cells, plan = run.cells, run.plan
    for accelerator, name in ((plan.accelerator, plan.device.type), ("cpu", "cpu")):
        for repeat in range(plan.repeats):
            spent = seconds(lambda accelerator=accelerator: run.fit(cells, accelerator))
            run.add(f"infosem, repeat {repeat}", name, "seconds", spent)
    regulators = np.flatnonzero(cells.var["is_regulator"])
    for n_steps, accelerator, name in zip(
        plan.regdiffusion_steps, (plan.accelerator, "cpu"), (plan.device.type, "cpu"), strict=True
    ):
        if run.in_time("RegDiffusion"):
            method = RegDiffusion(accelerator=accelerator, n_steps=n_steps)
            what = f"RegDiffusion, {n_steps} of its 1000 steps"
            try:
                spent = seconds(lambda method=method: method.score(cells, regulators, None, seed=0))
                run.add(what, name, "seconds", spent)
            except ImportError as error:
                run.add(what, name, "not run", error)
