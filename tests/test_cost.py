"""The estimate before a fit, and the error instead of running out of memory."""

from __future__ import annotations

import logging
import re

import pytest
import torch

from infosem import InfoSEM
from infosem.train import _cost as cost
from infosem.train._cost import Size, describe, free_memory

from .conftest import QUIET


def test_memory_grows_with_regulators_times_genes_and_cells_times_genes():
    per_cell = Size(100, 1000, None).memory(65) - Size(100, 1000, None).memory(64)
    assert per_cell == Size(500, 1000, None).memory(65) - Size(500, 1000, None).memory(64)
    assert 2 * per_cell == Size(100, 2000, None).memory(65) - Size(100, 2000, None).memory(64)
    one, two = (Size(n, 10_000, None).memory(0) - 16 * n**2 for n in (1000, 2000))
    assert two == 2 * one
    few, more = (Size(n, 10_000, None).memory(0) for n in (10, 20))
    assert few < more < 1.02 * few, "the genes' background is measured with 1000 genes, however few the regulators"
    assert Size(100, 1000, 128).memory(64) > Size(100, 1000, None).memory(64)


def test_too_large_a_model_says_so_before_it_is_made(cells, monkeypatch):
    InfoSEM.setup_anndata(cells)
    monkeypatch.setattr(cost, "free_memory", lambda device: 1000)
    with pytest.raises(MemoryError, match=r"6 regulators x 24 genes.*is_regulator.*highly_variable_genes") as error:
        InfoSEM(cells)
    assert "batch_size" not in str(error.value), "a smaller batch is no way out"


def test_too_large_a_batch_says_so_before_training(cells, monkeypatch):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells, probability="low-rank")
    needed = Size(6, 24, 128).memory(120)
    monkeypatch.setattr(cost, "free_memory", lambda device: needed - 1)
    with pytest.raises(MemoryError, match="120 cells at a time.*smaller batch_size"):
        model.train(batch_size=1000, **QUIET)
    monkeypatch.setattr(cost, "free_memory", lambda device: needed)
    model.train(max_epochs=1, batch_size=1000, **QUIET)


def test_a_batch_larger_than_the_data_costs_what_the_data_cost(cells, caplog, monkeypatch):
    InfoSEM.setup_anndata(cells)
    monkeypatch.setattr(logging.getLogger("infosem"), "propagate", True)
    model = InfoSEM(cells)
    said = []
    for batch_size in (120, 10**6):
        with caplog.at_level(logging.INFO, logger="infosem"):
            model.train(max_epochs=1, batch_size=batch_size, **QUIET)
        said.append(re.search("about (.*) of memory", caplog.text).group(1))
        caplog.clear()
    assert said[0] == said[1]


def test_the_log_says_what_a_fit_will_take(cells, caplog, monkeypatch):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells)
    monkeypatch.setattr(logging.getLogger("infosem"), "propagate", True)
    with caplog.at_level(logging.INFO, logger="infosem"):
        model.train(max_epochs=3, **QUIET)
    line = next(message for message in caplog.messages if "parameters" in message)
    n_parameters = sum(parameter.numel() for parameter in model.module.parameters())
    assert re.match(rf"{n_parameters:,} parameters, about \d+ MiB of memory. 3 steps of about .* m?s: .* m?s\.$", line)


def test_timing_a_step_changes_nothing(cells):
    InfoSEM.setup_anndata(cells)
    networks = []
    for repeat in (1, 3):
        model = InfoSEM(cells)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "infosem.train._plan.seconds_per_call", lambda f, _, n=repeat: [f() for _ in range(n)] and 0.1
            )
            model.train(max_epochs=3, **QUIET)
        networks.append(model.get_adjacency().to_numpy())
    assert (networks[0] == networks[1]).all()


def test_units():
    assert describe(1234, 3 * 2**30, 100, 60.0) == (
        "1,234 parameters, about 3.0 GiB of memory. 100 steps of about 60 s: 100 min."
    )
    assert free_memory(torch.device("cpu")) > 0
