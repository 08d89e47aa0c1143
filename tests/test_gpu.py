"""What a GPU would trip over, as far as a machine without one tells, and the rehearsal of its benchmark."""

from __future__ import annotations

import importlib
from pathlib import Path

import pandas as pd
import pytest
import torch
from scvi import REGISTRY_KEYS

from infosem import InfoSEM
from infosem.data._noise import Noise
from infosem.module import Gaussian, ScalarNetworks
from infosem.module._interpolation import Table, interpolate
from infosem.train._schedules import SCHEDULES

from .conftest import KNOWLEDGE


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    return importlib.import_module("gpu")


def on_another_device(cells, **options):
    """A module whose tensors are all on torch's device without values: any that is made elsewhere is an error."""
    return InfoSEM(cells, networks=ScalarNetworks(evaluation="exact"), **options).module.to("meta").train()


@pytest.mark.parametrize("preset", ["default", "paper"])
@pytest.mark.parametrize("knows", KNOWLEDGE)
def test_a_step_makes_no_tensor_elsewhere(cells, knows, preset):
    InfoSEM.setup_anndata(cells, **KNOWLEDGE[knows])
    module = on_another_device(cells, preset=preset, likelihood=Gaussian(variance="learned"))
    loss = module({REGISTRY_KEYS.X_KEY: torch.empty(16, cells.n_vars, device="meta")})[2].loss
    loss.backward()
    assert {parameter.grad.device.type for parameter in module.parameters()} == {"meta"}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_optimisers_where_there_is_no_fused_kernel(cells, schedule):
    InfoSEM.setup_anndata(cells)
    module = on_another_device(cells)
    optimizers, _ = SCHEDULES[schedule](module, max_epochs=3, noise=Noise(0)).configure_optimizers()
    module({REGISTRY_KEYS.X_KEY: torch.empty(16, cells.n_vars, device="meta")})[2].loss.backward()
    for optimizer in optimizers:
        optimizer.step()


def test_the_interpolation_makes_no_tensor_elsewhere():
    x = torch.empty(4, 5, device="meta", requires_grad=True)
    coefficients = torch.empty(2, 6, 11, device="meta", requires_grad=True)
    values = interpolate(x, Table(coefficients, scale=0.7, low=-2.1, step=0.4))
    values.sum().backward()
    assert values.shape == (2, 4, 5)
    assert x.grad.shape == x.shape
    assert coefficients.grad.shape == coefficients.shape


@pytest.mark.slow
def test_the_rehearsal_runs_every_part(gpu, tmp_path):
    gpu.main(["--rehearse", "--output", str(tmp_path)])
    results = pd.read_csv(tmp_path / "results.csv", dtype=str, keep_default_na=False)
    assert set(results["part"]) == set(gpu.PARTS) - {"distributed"}
    assert not (results["quantity"] == "error").any()
    by_quantity = results.groupby("quantity")["value"]
    assert set(by_quantity.get_group("within tolerance")) == {"True"}
    assert set(by_quantity.get_group("same network")) == {"True"}
    assert set(by_quantity.get_group("failed")) == {"none"}

    gpu.main(["--rehearse", "--parts", "steps", "--output", str(tmp_path)])
    again = pd.read_csv(tmp_path / "results.csv", dtype=str, keep_default_na=False)
    assert sorted(again["part"]) == sorted(results["part"])


def test_the_section_of_the_page_on_speed_is_that_of_the_committed_results(gpu):
    report = importlib.import_module("on_gpu.report")
    page = (Path(__file__).parents[1] / "docs" / "speed.md").read_text()
    assert page.endswith(report.section())


def test_a_part_that_fails_is_recorded_and_the_next_goes_on(gpu, tmp_path, monkeypatch):
    def fail(run):
        run.add("something", "cpu", "ms", 1.0)
        raise RuntimeError("no such kernel")

    monkeypatch.setitem(gpu.PARTS, "agreement", fail)
    gpu.main(["--rehearse", "--parts", "agreement", "card", "--output", str(tmp_path)])
    results = pd.read_csv(tmp_path / "results.csv", dtype=str, keep_default_na=False)
    error = results.loc[results["quantity"] == "error", "value"].item()
    assert "no such kernel" in error
    assert {"agreement", "card"} == set(results["part"])
    assert "1" in set(results.loc[results["what"] == "something", "value"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so(gpu, tmp_path, capsys):
    with pytest.raises(SystemExit):
        gpu.main(["--output", str(tmp_path)])
    assert "--rehearse" in capsys.readouterr().err
