"""The card and its machine, and the best that they do."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import date
from importlib.metadata import version

import torch
from speed import cpu_name

from on_gpu.devices import matrix_products, seconds_of
from on_gpu.roofline import Ceilings
from on_gpu.run import Run


def card(run: Run) -> None:
    """Name the card and its machine, and measure their ceilings and what it takes to start a kernel."""
    device = run.plan.device
    run.add("machine", "cpu", "name", cpu_name())
    run.add("machine", "cpu", "cores", os.cpu_count())
    run.add("machine", "cpu", "threads", torch.get_num_threads())
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        run.add("machine", "cuda", "name", properties.name)
        run.add("machine", "cuda", "GiB", properties.total_memory / 2**30)
        run.add("machine", "cuda", "cards", torch.cuda.device_count())
        query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        run.add("machine", "cuda", "driver", subprocess.run(query, capture_output=True, text=True).stdout.split()[0])
    run.add("versions", "", "python", platform.python_version())
    for name in ("infosem", "torch", "scvi-tools", "lightning", "numpy"):
        run.add("versions", "", name, version(name))
    run.add("versions", "", "CUDA", torch.version.cuda)
    run.add("versions", "", "date", date.today().isoformat())

    for place in dict.fromkeys((device, torch.device("cpu"))):
        n_bytes, n = run.plan.copied_bytes, run.plan.product
        if place != device:
            n_bytes, n = n_bytes // 8, n // 4
        found = Ceilings.measured(place, n_bytes=n_bytes, n=n)
        run.ceilings[place.type] = found
        run.add("copy, read and written", place.type, "GB/s", found.bandwidth / 1e9)
        run.add("product of matrices, float32", place.type, "TFLOP/s", found.flops / 1e12)
    with matrix_products("high"):
        found = Ceilings.measured(device, n_bytes=run.plan.copied_bytes, n=run.plan.product)
    run.add("product of matrices, TF32", device.type, "TFLOP/s", found.flops / 1e12)
    found = Ceilings.measured(device, n_bytes=run.plan.copied_bytes, n=run.plan.product, dtype=torch.bfloat16)
    run.add("product of matrices, bfloat16", device.type, "TFLOP/s", found.flops / 1e12)
    one = torch.zeros((), device=device)

    def many() -> None:
        for _ in range(1000):
            one.add_(1)

    run.add("kernels that do nothing", device.type, "us each", 1e3 * seconds_of(many, device, repeats=5))
