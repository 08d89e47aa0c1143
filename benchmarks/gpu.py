"""Whether a GPU gives what the CPU gives, how fast, and what bounds it: one command of a few minutes.

    INFOSEM_DATA=path/to/data python benchmarks/gpu.py --output benchmarks/results/gpu
    python benchmarks/gpu.py --rehearse --output FOLDER    # the same steps on a CPU, small, without data

Parts come in the order of their worth. Every result is printed and written to results.csv as soon as it is there, so
that a run that is cut short keeps what it has done; a part that fails is recorded with its error, and the next goes on.
A repeated run replaces the parts that it runs. speed_report.py takes its section on GPUs from the file.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import anndata
import numpy as np
import pandas as pd
import torch
from anndata import AnnData
from roofline import Ceilings, Step, relative_error, seconds_of, synchronise, what_bounds
from scipy import sparse
from scvi import REGISTRY_KEYS
from speed import cpu_name, real_cells, seconds
from torch import Tensor

from infosem import InfoSEM, datasets, train_ensemble
from infosem.benchmark import expected_average_precision, read_truth
from infosem.benchmark.methods.regdiffusion import RegDiffusion
from infosem.model._quiet import quiet
from infosem.module import Normal
from infosem.statistics._covariation import Covariation
from infosem.statistics._single_effects import sparse_effects
from infosem.train import _closed_form

QUIET: dict[str, Any] = {"enable_progress_bar": False, "enable_model_summary": False}
COLUMNS = ["part", "what", "device", "quantity", "value"]
TOLERANCES = {"float32": (1e-5, 1e-3), "TF32": (1e-3, 3e-2)}
"""Largest relative error of loss and gradient against double precision."""
LEAST_SHARED = 0.95
"""Share of the best 1,000 edges that two devices must have in common."""

PRESETS: tuple[Literal["default", "paper"], ...] = ("default", "paper")


@dataclass(frozen=True)
class Plan:
    """What is run: the whole, or the rehearsal.

    Attributes
    ----------
    device
        The device that is compared with the CPU.
    sizes
        Genes, regulators and cells of a step.
    """

    device: torch.device
    is_rehearsal: bool
    sizes: tuple[tuple[int, int, int], ...]
    precisions_at: tuple[tuple[int, int, int], ...]
    genome: tuple[int, int, int]
    on_disk: tuple[int, int, int]
    n_epochs: int | None
    n_models: int
    n_jobs: int
    regdiffusion_steps: tuple[int, int]
    repeats: int
    copied_bytes: int
    product: int

    @property
    def accelerator(self) -> str:
        """Lightning's name of the device."""
        return "gpu" if self.device.type == "cuda" else "cpu"

    @classmethod
    def whole(cls) -> Plan:
        """A few minutes on a card for computing."""
        return cls(
            device=torch.device("cuda"),
            is_rehearsal=False,
            sizes=(
                (910, 410, 128),
                (500, 400, 128),
                (1000, 400, 128),
                (2000, 400, 128),
                (5000, 400, 128),
                (10_000, 400, 128),
                (20_000, 400, 128),
                (20_000, 1600, 128),
                (20_000, 1600, 32),
                (20_000, 1600, 512),
                (20_000, 1600, 2048),
            ),
            precisions_at=((20_000, 1600, 128), (20_000, 1600, 2048)),
            genome=(1280, 20_000, 1600),
            on_disk=(4096, 5000, 400),
            n_epochs=None,
            n_models=10,
            n_jobs=4,
            regdiffusion_steps=(1000, 100),
            repeats=3,
            copied_bytes=2**31,
            product=8192,
        )

    @classmethod
    def rehearsal(cls, device: str) -> Plan:
        """A few seconds on a CPU."""
        return cls(
            device=torch.device(device),
            is_rehearsal=True,
            sizes=((40, 8, 16),),
            precisions_at=((40, 8, 16),),
            genome=(60, 50, 10),
            on_disk=(80, 30, 6),
            n_epochs=2,
            n_models=2,
            n_jobs=1,
            regdiffusion_steps=(2, 1),
            repeats=1,
            copied_bytes=2**16,
            product=32,
        )


@dataclass
class Run:
    """What the parts share: data, settings, where results go."""

    plan: Plan
    results: Path
    ends_at: float
    part: str = ""
    rows: list[list[Any]] = field(default_factory=list)
    ceilings: dict[str, Ceilings] = field(default_factory=dict)

    def add(self, what: str, device: str, quantity: str, value: Any) -> None:
        """Print a result and append it to the file."""
        value = f"{value:.5g}" if isinstance(value, float) else str(value)
        self.rows.append([self.part, what, device, quantity, value])
        print(f"{self.part:13} {what}, {device}: {quantity} {value}", flush=True)
        pd.DataFrame(self.rows, columns=COLUMNS).to_csv(self.results, index=False)

    def in_time(self, what: str) -> bool:
        """Whether there is time left; records what is not run."""
        if time.monotonic() < self.ends_at:
            return True
        self.add(what, "", "not run", "out of time")
        return False

    @cached_property
    def cells(self) -> AnnData:
        """HESC of BEELINE with its TFs as regulators and a ChIP-seq network as truth; simulated ones in rehearsal."""
        if self.plan.is_rehearsal:
            adata = datasets.simulate(120, 30, 6, seed=0)
            adata.varp["truth"] = abs(adata.varp["truth"])
            return adata
        adata = real_cells("hESC_TFs500")
        adata.varp["truth"] = adata.varp["chip_cell_specific"]
        return adata

    def fit(self, adata: AnnData, accelerator: str, *, seed: int = 0, **options: Any) -> InfoSEM:
        """Setup, model and training, as a user would call them, without priors."""
        _setup(adata)
        model = InfoSEM(adata, seed=seed)
        model.train(accelerator=accelerator, **{"max_epochs": self.plan.n_epochs, **QUIET, **options})
        return model


@contextmanager
def matrix_products(precision: str) -> Iterator[None]:
    """``"highest"``: float32; ``"high"``: TF32, where the device has it."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def card(run: Run) -> None:
    """The card and its machine, the ceilings that shares are of, what it costs to start a kernel."""
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


def agreement(run: Run) -> None:
    """One step, and whole fits, on both devices."""
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
    run.add("a fit", "cpu", "AUPRC", _auprc(cells, reference))
    other_seed = run.fit(cells, "cpu", seed=1)
    _compare(run, "a fit, other seed", "cpu", other_seed, reference)
    for name, products in (("a fit", "highest"), ("a fit, once more", "highest"), ("a fit, TF32", "high")):
        with matrix_products(products):
            _compare(run, name, device.type, run.fit(cells, run.plan.accelerator), reference)


def _models_to_compare(run: Run) -> Iterator[tuple[InfoSEM, str]]:
    """The default model of the real cells, and of simulated ones one of each prior."""
    yield run.fit(run.cells, "cpu", max_epochs=1), "real cells"
    simulated = datasets.simulate(200, 60, 12, seed=0)
    for preset in PRESETS:
        InfoSEM.setup_anndata(simulated)
        model = InfoSEM(simulated, preset=preset)
        model.train(1, accelerator="cpu", **QUIET)
        yield model, f"{model.prior_}, preset {preset}"


def _loss_and_gradient(model: InfoSEM, device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    """Loss of a batch of cells with the same noise everywhere, and its gradient, part by part."""
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


def _compare(run: Run, what: str, device: str, model: InfoSEM, reference: InfoSEM) -> None:
    """Edges that two fits share among the best 1,000, by what ranks them and by effect; accuracy."""
    n_top = min(1000, model._size.n_regulators * model._size.n_genes // 10)
    shares = {}
    for by, frames in (
        ("strength", (model.get_strength(), reference.get_strength())),
        ("absolute effect", (model.get_adjacency().abs(), reference.get_adjacency().abs())),
    ):
        best = [set(np.argpartition(-frame.to_numpy().ravel(), n_top)[:n_top]) for frame in frames]
        shares[by] = len(best[0] & best[1]) / n_top
        run.add(what, device, f"share of the best {n_top} edges by {by}", shares[by])
    run.add(what, device, "AUPRC", _auprc(run.cells, model))
    run.add(what, device, "within tolerance", shares["strength"] >= LEAST_SHARED)


def _auprc(cells: AnnData, model: InfoSEM) -> float:
    """Area under the precision-recall curve over the pairs of the truth's regulators and targets."""
    truth = read_truth(cells, "truth")
    strength = model.get_strength()
    regulators = [gene for gene in truth.regulators if truth.gene_names[gene] in strength.index]
    source, target = (grid.ravel() for grid in np.meshgrid(regulators, truth.targets, indexing="ij"))
    source, target = source[source != target], target[source != target]
    rows = strength.index.get_indexer(truth.gene_names[source])
    return float(expected_average_precision(truth.labels(source, target), strength.to_numpy()[rows, target]))


def portability(run: Run) -> None:
    """Save on one device and load on the other, both ways; everything that a model does, on the card."""
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


def fits(run: Run) -> None:
    """A whole fit of real cells, setup included, and of RegDiffusion."""
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


def steps(run: Run) -> None:
    """Time, memory and bounds of a step by size, on values that are on the device already."""
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


def genome(run: Run) -> None:
    """A fit of all genes and TFs, part by part: setup, closed form, steps with the loading of cells."""
    plan, device = run.plan, run.plan.device
    n_cells, n_genes, n_regulators = plan.genome
    what = f"{n_genes} genes x {n_regulators} regulators x {n_cells} cells"
    cells = datasets.simulate(n_cells, n_genes, n_regulators, density=0.01, known_fraction=0.0, seed=0)
    run.add(what, "cpu", "seconds of setup", seconds(lambda: _setup(cells)))
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
    _add_epochs(run, what, model, options)
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
    """Seconds and result of functions of the closed form, while they are called."""
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


def _setup(cells: AnnData) -> None:
    """Register cells without priors."""
    InfoSEM.setup_anndata(cells, embedding_key=None, interactions_key=None)


def _add_epochs(run: Run, what: str, model: InfoSEM, options: Mapping[str, Any]) -> float:
    """Seconds of an epoch, by the difference of two trainings, since each begins with the same."""
    one, two = (seconds(lambda n=n: model.train(n, **options)) for n in (1, 5))
    run.add(what, run.plan.device.type, "seconds of an epoch", (two - one) / 4)
    return (two - one) / 4


def precision(run: Run) -> None:
    """Lower precisions: time of a step, and what becomes of the network."""
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
            _compare(run, f"a fit, {name}", device.type, model, reference)
        except Exception as error:
            traceback.print_exc()
            run.add(f"a fit, {name}", device.type, "error", repr(error)[:300])


def ensembles(run: Run) -> None:
    """Models of an ensemble one after the other, and in processes that share the card."""
    plan = run.plan
    _setup(run.cells)
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


def disk(run: Run) -> None:
    """Whether the loading of cells keeps the card busy: epochs of cells in memory and in a file."""
    plan, device = run.plan, run.plan.device
    n_cells, n_genes, n_regulators = plan.on_disk
    rng = np.random.default_rng(0)
    dense = rng.gamma(2.0, 0.5, (n_cells, n_genes)).astype(np.float32) * (rng.random((n_cells, n_genes)) < 0.1)
    cells = AnnData(sparse.csr_matrix(dense))
    cells.var["is_regulator"] = np.arange(n_genes) < n_regulators
    batch_size = 128 if n_cells > 128 else 16
    resident = Step(n_genes, n_regulators, batch_size, device).seconds() * -(-n_cells // batch_size)
    what = f"{n_genes} genes x {n_regulators} regulators x {n_cells} cells"
    run.add(f"on the device, {what}", device.type, "seconds of an epoch", resident)
    with tempfile.TemporaryDirectory() as folder:
        cells.write_h5ad(Path(folder) / "sparse.h5ad")
        AnnData(dense, var=cells.var).write_h5ad(Path(folder) / "dense.h5ad")
        for name, data in (
            ("sparse in memory", cells),
            ("dense in memory", AnnData(dense, var=cells.var)),
            ("sparse in a file", anndata.read_h5ad(Path(folder) / "sparse.h5ad", backed="r")),
            ("dense in a file", anndata.read_h5ad(Path(folder) / "dense.h5ad", backed="r")),
        ):
            if not run.in_time(name):
                continue
            options = {"accelerator": plan.accelerator, "batch_size": batch_size, **QUIET}
            _setup(data)
            model = InfoSEM(data)
            model.train(1, **options)
            spent = _add_epochs(run, f"{name}, {what}", model, options)
            run.add(f"{name}, {what}", device.type, "share of it that the device computes", resident / spent)


def distributed(run: Run) -> None:
    """Training on two cards against one, in processes of their own."""
    plan = run.plan
    if plan.device.type == "cuda" and torch.cuda.device_count() < 2:
        run.add("two devices", "cuda", "not run", "there is one card")
        return
    adjacency, spent = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        datasets.simulate(512, 60, 12, seed=0).write_h5ad(Path(folder) / "cells.h5ad")
        for n in (1, 2):
            command = [sys.executable, __file__, "--worker", folder, str(n), plan.accelerator]
            spent[n] = seconds(lambda command=command: subprocess.run(command, check=True, timeout=200))
            adjacency[n] = torch.as_tensor(np.load(Path(folder) / f"{n}.npy"))
    run.add("two devices", plan.device.type, "relative error against one", relative_error(adjacency[2], adjacency[1]))
    for n in (1, 2):
        run.add(f"{n} devices", plan.device.type, "seconds, imports included", spent[n])


def _work(folder: Path, n_devices: int, accelerator: str) -> None:
    """A training that a process of its own does, alone or with others."""
    cells = anndata.read_h5ad(folder / "cells.h5ad")
    _setup(cells)
    model = InfoSEM(cells)
    several = {"strategy": "ddp"} if n_devices > 1 else {}
    model.train(
        10, batch_size=64 // n_devices, accelerator=accelerator, devices=n_devices, enable_progress_bar=False, **several
    )
    if int(os.environ.get("LOCAL_RANK", 0)) == 0:
        np.save(folder / f"{n_devices}.npy", model.get_adjacency().to_numpy())


PARTS = {
    part.__name__: part
    for part in (card, agreement, portability, fits, steps, genome, precision, ensembles, disk, distributed)
}


def main(arguments: list[str] | None = None) -> None:
    """Run the parts one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="folder of results.csv")
    parser.add_argument("--rehearse", action="store_true", help="small sizes, without data")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"), help="where to rehearse")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="by default all")
    parser.add_argument("--minutes", type=float, default=8.0, help="after these nothing new is begun")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.worker:
        folder, n_devices, accelerator = given.worker
        _work(Path(folder), int(n_devices), accelerator)
        return
    if given.output is None:
        parser.error("--output is needed: the folder of results.csv")
    if not given.rehearse and not torch.cuda.is_available():
        parser.error("torch finds no CUDA GPU here. --rehearse runs the same steps on a CPU, with small sizes.")
    if not given.rehearse and "INFOSEM_DATA" not in os.environ:
        parser.error("INFOSEM_DATA must name the folder of the data, with beeline/hESC_TFs500.h5ad in it.")
    # two processes start anew, with all their imports: too long for a rehearsal that does not ask for it
    parts = given.parts or [part for part in PARTS if not (given.rehearse and part == "distributed")]
    given.output.mkdir(parents=True, exist_ok=True)
    results = given.output / "results.csv"
    plan = Plan.rehearsal(given.device) if given.rehearse else Plan.whole()
    before = pd.read_csv(results, dtype=str, keep_default_na=False).to_numpy().tolist() if results.exists() else []
    run = Run(plan, results, time.monotonic() + 60 * given.minutes, rows=before)
    for part in parts:
        run.part = part
        if not run.in_time("all of it"):
            continue
        run.rows = [row for row in run.rows if row[0] != part]
        start = time.perf_counter()
        try:
            with quiet(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                PARTS[part](run)
        except Exception as error:
            traceback.print_exc()
            run.add("all of it", "", "error", repr(error)[:300])
        if plan.device.type == "cuda":
            torch.cuda.empty_cache()
        run.add("all of it", "", "seconds", time.perf_counter() - start)


if __name__ == "__main__":
    main()
