"""Models in several threads of one process against the same models one after another."""

from __future__ import annotations

import logging
import random
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import joblib
import numpy as np
import pytest
import torch
from anndata import AnnData

from infosem import InfoSEM, datasets, train_ensemble
from infosem.model._quiet import quiet
from infosem.model._train_ensemble import _train_one

from .conftest import QUIET

WAYS = [
    ({}, "one AnnData"),
    ({"preset": "paper"}, "one each"),
    ({"prior": "laplace", "preset": "paper"}, "one AnnData"),
]
TRAIN = {**QUIET, "max_epochs": 3, "enable_model_summary": False}


def alone(task: Callable[[int], Any]) -> Callable[[int], Any]:
    """The task on one of torch's own threads, of which each thread of Python has its number."""

    def run(seed: int) -> Any:
        torch.set_num_threads(1)
        return task(seed)

    return run


def in_pool(task: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(alone(task), range(4)))


def in_joblib(task: Callable[[int], Any]) -> list[Any]:
    return joblib.Parallel(n_jobs=4, backend="threading")(joblib.delayed(alone(task))(seed) for seed in range(4))


def drawing_in_between(task: Callable[[int], Any]) -> list[Any]:
    """Beside a thread of the user's own that draws from the generators of the process."""
    done = threading.Event()

    def draw() -> None:
        while not done.wait(0.001):
            torch.manual_seed(7)
            torch.rand(5)

    other = threading.Thread(target=draw)
    other.start()
    try:
        return in_pool(task)
    finally:
        done.set()
        other.join()


@pytest.fixture(autouse=True)
def global_state() -> Iterator[None]:
    """What belongs to the whole process is as it was before."""

    def state() -> dict[str, Any]:
        return {
            "numpy": np.random.get_state()[1].tolist(),  # noqa: NPY002
            "random": random.getstate(),
            "filters": list(warnings.filters),
            "levels": [logging.getLogger(name).level for name in ("infosem", "lightning.pytorch")],
            "threads": torch.get_num_threads(),
            "dtype": torch.get_default_dtype(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "benchmark": torch.backends.cudnn.benchmark,
            "gradients": torch.is_grad_enabled(),
        }

    torch.set_num_threads(1)  # other packages that a test before has used may have set more
    before = state()
    yield
    assert state() == before


@pytest.mark.parametrize(
    ("together", "way", "data"),
    [(in_pool, *WAYS[0]), (in_joblib, *WAYS[1]), (drawing_in_between, *WAYS[2]), (drawing_in_between, *WAYS[0])],
)
def test_models_in_threads_are_those_of_one_after_another(cells: AnnData, together, way, data) -> None:
    InfoSEM.setup_anndata(cells)

    def task(seed: int) -> list[np.ndarray]:
        adata = cells
        if data == "one each":
            adata = cells.copy()
            InfoSEM.setup_anndata(adata)
        model = InfoSEM(adata, seed=seed, **way)
        start = model.module.adjacency().weights.detach().numpy().copy()
        model.train(**TRAIN)
        new = model.sample_cells(5).to_numpy()
        return [start, model.get_strength().to_numpy(), np.array(model.get_elbo()), new]

    expected = [task(seed) for seed in range(4)]
    for _ in range(2):
        for one, other in zip(together(task), expected, strict=True):
            for found, value in zip(one, other, strict=True):
                np.testing.assert_array_equal(found, value)


def test_one_model_answers_several_threads_alike(trained: InfoSEM) -> None:
    def task(seed: int) -> list[np.ndarray]:
        cells = trained.sample_cells(50, seed=seed).to_numpy()
        return [cells, np.array(trained.get_elbo()), trained.get_denoised_expression().to_numpy()]

    expected = [task(seed) for seed in range(4)]
    for one, other in zip(drawing_in_between(task), expected, strict=True):
        for found, value in zip(one, other, strict=True):
            np.testing.assert_array_equal(found, value)


def test_an_ensemble_in_threads_is_that_of_one_after_another(cells: AnnData, monkeypatch) -> None:
    def train_one(*arguments: Any) -> Any:
        torch.set_num_threads(1)
        return _train_one(*arguments)

    monkeypatch.setattr("infosem.model._train_ensemble._train_one", train_one)
    InfoSEM.setup_anndata(cells)
    options = {"n_models": 4, "train_kwargs": {**QUIET, "max_epochs": 2}, "progress": False}
    expected = train_ensemble(cells, **options).get_edges()
    with joblib.parallel_config("threading", n_jobs=4):
        found = train_ensemble(cells, **options).get_edges()
    assert found.equals(expected)


@pytest.mark.parametrize("backed", [False, True])
@pytest.mark.parametrize("train_size", [1.0, 0.8])
def test_the_generators_of_the_process_are_left_alone(tmp_path, backed, train_size) -> None:
    import anndata

    adata = datasets.simulate(120, 24, 6, seed=0)
    if backed:
        adata.write_h5ad(tmp_path / "cells.h5ad")
        adata = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    before = torch.get_rng_state()
    InfoSEM.setup_anndata(adata)
    model = InfoSEM(adata)
    model.train(**TRAIN, train_size=train_size, check_val_every_n_epoch=1)
    model.get_elbo()
    model.sample_cells(3)
    model.get_edges(top=5)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_the_default_type_of_the_process_changes_nothing(cells: AnnData, preset) -> None:
    InfoSEM.setup_anndata(cells)

    def network() -> np.ndarray:
        model = InfoSEM(cells, preset=preset)
        model.train(**TRAIN)
        return model.get_strength().to_numpy()

    expected = network()
    torch.set_default_dtype(torch.float64)
    try:
        found = network()
    finally:
        torch.set_default_dtype(torch.float32)
    np.testing.assert_array_equal(found, expected)


def test_a_copy_of_a_registered_anndata_does_not_take_its_place(cells: AnnData) -> None:
    InfoSEM.setup_anndata(cells)
    copy = cells.copy()
    InfoSEM.setup_anndata(copy, embedding_key=None)
    assert InfoSEM(cells).prior_ == "embedding+interactions"
    assert InfoSEM(copy).prior_ == "laplace+interactions"


def test_levels_are_back_when_the_last_of_overlapping_contexts_ends() -> None:
    logger = logging.getLogger("infosem")
    before = logger.level
    first, second = quiet(), quiet(logging.ERROR)
    first.__enter__()
    second.__enter__()
    assert logger.level == logging.ERROR
    first.__exit__(None, None, None)
    assert logger.level == logging.ERROR
    second.__exit__(None, None, None)
    assert logger.level == before
