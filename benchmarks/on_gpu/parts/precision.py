"""What lower precisions save, and what they do to the network."""

from __future__ import annotations

import traceback

import torch

from on_gpu.comparison import compare
from on_gpu.devices import matrix_products
from on_gpu.gradient_step import Step
from on_gpu.run import Run


def precision(run: Run) -> None:
    """Time a step in lower precisions, and compare the networks that they give."""
    plan, device = run.plan, run.plan.device
    for sizes in plan.precisions_at:
        what = "{} genes x {} regulators, {} cells".format(*sizes)
        for name, products, autocast in (
            ("float32", "highest", None),
            ("TF32", "high", None),
            ("bf16-mixed", "highest", torch.bfloat16),
            ("16-mixed", "highest", torch.float16),
        ):
            if run.in_time(what):
                with matrix_products(products):
                    step = Step(*sizes, device, autocast)
                    run.add(f"a step, {name}, {what}", device.type, "ms", 1e3 * step.seconds())
                del step
    reference = run.fit(run.cells, "cpu")
    for name in ("bf16-mixed", "16-mixed"):
        if device.type == "cpu" and name == "16-mixed":
            continue  # Lightning has it on a GPU only
        try:
            model = run.fit(run.cells, plan.accelerator, precision=name)
            compare(run, f"a fit, {name}", device.type, model, reference)
        except Exception as error:
            traceback.print_exc()
            run.add(f"a fit, {name}", device.type, "error", repr(error)[:300])
