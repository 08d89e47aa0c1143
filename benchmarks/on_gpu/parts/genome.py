"""How long each stage of a fit of a whole genome takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from speed import seconds

from infosem import InfoSEM, datasets
from infosem.statistics._covariation import Covariation
from infosem.statistics._single_effects import sparse_effects
from infosem.train import _closed_form
from on_gpu.comparison import relative_error
from on_gpu.devices import synchronise
from on_gpu.run import QUIET, Run, register


def genome(run: Run) -> None:
    """Time a fit of all genes and TFs, stage by stage: setup, closed form, steps with the loading of cells."""
    plan, device = run.plan, run.plan.device
    n_cells, n_genes, n_regulators = plan.genome
    what = f"{n_genes} genes x {n_regulators} regulators x {n_cells} cells"
    cells = datasets.simulate(n_cells, n_genes, n_regulators, density=0.01, known_fraction=0.0, seed=0)
    run.add(what, "cpu", "seconds of setup", seconds(lambda: register(cells)))
    start = time.perf_counter()
    model = InfoSEM(cells)
    run.add(what, "cpu", "seconds of the model", time.perf_counter() - start)
    options = {"accelerator": plan.accelerator, **QUIET}
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    with _timed("measure_covariation", "_effects") as calls:
        run.add(what, device.type, "seconds to first epoch's end", seconds(lambda: model.train(1, **options)))
    for name, (spent, _) in calls.items():
        place = device.type if name == "_effects" else "cpu"
        run.add(what, place, f"seconds of {name.removeprefix('measure').removeprefix('_')}", spent)
    run.add_epochs(what, model, options)
    if device.type == "cuda":
        run.add(what, device.type, "peak GiB", torch.cuda.max_memory_allocated() / 2**30)
    run.add(what, device.type, "estimated GiB", model._size.memory(128) / 2**30)

    covariation: Covariation = calls["measure_covariation"][1]
    possible = model.module.adjacency.possible()
    some = min(n_genes, 2 * n_regulators)
    found = {}
    for place in (device, torch.device("cpu")):
        arguments = (
            torch.as_tensor(covariation.latent[:, :some], device=place),
            torch.as_tensor(covariation.latent, device=place)[:, model.module.regulators.to(place)],
            covariation.n_observations,
            possible[:, :some].to(place),
        )
        start = time.perf_counter()
        found[place.type] = sparse_effects(*arguments)
        synchronise(place)
        run.add(what, place.type, f"seconds of the effects on {some} genes, once", time.perf_counter() - start)
    # rounding decides now and then which of two like regulators an effect goes to
    run.add(what, device.type, "relative error of these", relative_error(found[device.type], found["cpu"]))
    difference = (found[device.type].cpu() - found["cpu"]).abs()
    run.add(what, device.type, "share of these that differ by 0.01", float((difference > 0.01).float().mean()))
    run.add(what, device.type, "largest difference of these", float(difference.max()))
    run.add(what, device.type, "seconds of edges", seconds(lambda: model.get_edges(top=1000)))


@contextmanager
def _timed(*names: str) -> Iterator[dict[str, tuple[float, Any]]]:
    """Collect the seconds and the result of functions of the closed form, as they are called."""
    calls: dict[str, tuple[float, Any]] = {}

    def wrapped(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            start = time.perf_counter()
            result = function(*arguments)
            calls[name] = time.perf_counter() - start, result
            return result

        return call

    with ExitStack() as stack:
        for name in names:
            function = wrapped(name, getattr(_closed_form, name))
            stack.enter_context(mock.patch.object(_closed_form, name, function))
        yield calls
