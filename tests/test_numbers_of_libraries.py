"""Numbers as arguments: scalars of numpy and torch do what Python's do."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from infosem import InfoSEM, train_ensemble
from infosem.data._arguments import number, whole_number
from infosem.module import FixedLatent, LowRankEdges, ScalarNetworks, TextPrior

from .conftest import QUIET, train


@pytest.mark.parametrize("scalar", [np.int64, np.int8, np.uint16, np.float32, np.array, torch.tensor, float])
def test_a_whole_number_of_any_library_is_one(scalar):
    found = whole_number(scalar(8), "rank", least=1)
    assert type(found) is int
    assert found == 8


@pytest.mark.parametrize("scalar", [np.float32, np.float64, np.float16, np.array, torch.tensor, Fraction])
def test_a_number_of_any_library_is_one(scalar):
    found = number(scalar(0.5), "alpha", least=0)
    assert type(found) is float
    assert found == 0.5


def test_a_model_of_numpys_numbers_is_that_of_pythons(registered, tmp_path):
    def network(whole: type, real: type) -> np.ndarray:
        model = InfoSEM(
            registered,
            preset="paper",
            edge_model=LowRankEdges(rank=whole(8)),
            networks=ScalarNetworks(n_hidden=whole(16)),
            seed=whole(2),
            prior=TextPrior(weight=real(1)),
            latent=FixedLatent(sd=real(0.5)),
        )
        model.train(
            whole(2), batch_size=whole(16), train_size=real(0.75), plan_kwargs={"lr_adjacency": real(0.25)}, **QUIET
        )
        model.save(tmp_path / whole.__name__)
        return InfoSEM.load(tmp_path / whole.__name__, registered).get_adjacency().to_numpy()

    np.testing.assert_array_equal(network(np.int64, np.float32), network(int, float))


def test_an_ensemble_of_numpys_numbers(registered):
    given = {"n_models": np.int64(2), "n_selected": np.int32(5), "seed": np.uint8(1), "progress": False}
    ensemble = train_ensemble(registered, **given, train_kwargs={"max_epochs": np.int64(1), **QUIET})
    assert ensemble.n_models == 2
    assert len(ensemble.get_edges(top=np.int64(3))) == 3


@pytest.mark.parametrize(
    "given",
    [
        {"check_val_every_n_epoch": np.int64(2), "train_size": 0.9},
        {"accelerator": "cpu", "devices": np.int64(1)},
        {"accelerator": "cpu", "devices": np.int8(1), "log_every_n_steps": np.int64(1)},
        {"early_stopping": np.False_, "limit_train_batches": np.float64(1)},
    ],
    ids=range(4),
)
def test_the_trainer_takes_numpys_numbers(registered, given):
    train(registered, **given)
