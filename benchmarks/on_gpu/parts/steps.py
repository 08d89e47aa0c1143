"""How long a step takes by size, and what bounds it."""

from __future__ import annotations

import torch

from on_gpu.gradient_step import Step
from on_gpu.roofline import Ceilings, what_bounds
from on_gpu.run import Run


def steps(run: Run) -> None:
    """Measure the time, the memory and the bounds of a step by size, on values that are on the device already."""
    device = run.plan.device
    for n_genes, n_regulators, batch_size in run.plan.sizes:
        what = f"{n_genes} genes x {n_regulators} regulators, {batch_size} cells"
        if not run.in_time(what):
            continue
        try:
            _describe_step(run, what, Step(n_genes, n_regulators, batch_size, device))
        except torch.cuda.OutOfMemoryError as error:
            run.add(what, device.type, "error", f"out of memory: {error}".splitlines()[0])
        if batch_size <= 128:
            on_cpu = Step(n_genes, n_regulators, batch_size, torch.device("cpu"))
            run.add(what, "cpu", "ms", 1e3 * on_cpu.seconds(repeats=5))


def _describe_step(run: Run, what: str, step: Step) -> None:
    """Add what a step takes, its shares of the ceilings, and on a card its kernels."""
    device = step.device
    spent = step.seconds()
    run.add(what, device.type, "ms", 1e3 * spent)
    flops, least_bytes = step.flops(), step.least_bytes()
    run.add(what, device.type, "GFLOP", flops / 1e9)
    run.add(what, device.type, "least GB", least_bytes / 1e9)
    if device.type not in run.ceilings:
        run.ceilings[device.type] = Ceilings.measured(device, n_bytes=run.plan.copied_bytes, n=run.plan.product)
    ceilings = run.ceilings[device.type]
    of_bandwidth, of_flops = least_bytes / spent / ceilings.bandwidth, flops / spent / ceilings.flops
    run.add(what, device.type, "share of bandwidth", of_bandwidth)
    run.add(what, device.type, "share of float32 rate", of_flops)
    if device.type != "cuda":
        return
    run.add(what, device.type, "peak GiB", step.peak_bytes() / 2**30)
    run.add(what, device.type, "waits of the host", step.n_waits())
    kernels = step.kernels()
    n_kernels, busy = sum(n for _, n, _ in kernels), sum(in_kernel for *_, in_kernel in kernels)
    run.add(what, device.type, "kernels", n_kernels)
    run.add(what, device.type, "ms of kernels", 1e3 * busy)
    for rank, (name, n, in_kernel) in enumerate(kernels[:3]):
        run.add(what, device.type, f"kernel {rank + 1}", f"{1e3 * in_kernel:.3g} ms in {n:.0f}: {name[:100]}")
    bound = what_bounds(spent, busy, n_kernels, of_bandwidth, of_flops, kernels[0][0][:60])
    run.add(what, device.type, "bound by", bound)
