"""Ensembles against their models, one by one."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

from infosem import InfoSEM, datasets, train_ensemble
from infosem.model import _train_ensemble as ensemble_module

from .conftest import QUIET

TRAIN = {"max_epochs": 3, **QUIET}


@pytest.fixture
def cells():
    adata = datasets.simulate(120, 24, 6, seed=0)
    InfoSEM.setup_anndata(adata)
    return adata


@pytest.fixture
def models(cells):
    trained = []
    for seed in (5, 6, 7):
        model = InfoSEM(cells, seed=seed)
        model.train(train_size=0.8, validation_size=0.0, **TRAIN)  # as each model of an ensemble
        trained.append(model)
    return trained


def test_every_number_is_that_of_the_models_themselves(cells, models):
    ensemble = train_ensemble(cells, 3, seed=5, n_selected=20, train_kwargs=TRAIN, progress=False)
    weights = np.stack([model.get_adjacency().to_numpy() for model in models])
    np.testing.assert_allclose(ensemble.effect, weights.mean(0), atol=1e-6)
    strength = np.stack([model.get_strength().to_numpy() for model in models])
    np.testing.assert_allclose(ensemble.strength, strength.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ensemble.sd, weights.std(0, ddof=1), atol=1e-6)
    agreement = (np.sign(weights) == np.sign(weights.mean(0))).mean(0)
    varies = weights.any(0)
    np.testing.assert_allclose(ensemble.sign_agreement.to_numpy()[varies], agreement[varies], atol=1e-6)
    selected = [s >= np.sort(s.ravel())[-20] for s in strength]
    np.testing.assert_allclose(ensemble.stability, np.mean(selected, axis=0), atol=1e-6)
    probability = np.mean([model.get_probabilities() for model in models], axis=0)
    np.testing.assert_allclose(ensemble.probability, probability, atol=1e-6)
    assert ensemble.effect.index.tolist() == models[0].regulator_names


@pytest.mark.slow
def test_processes_give_the_same_network_and_leave_the_data_alone(cells):
    before = cells.uns["_scvi_manager_uuid"]
    one = train_ensemble(cells, 2, train_kwargs=TRAIN, progress=False)
    two = train_ensemble(cells, 2, n_jobs=2, train_kwargs=TRAIN, progress=False)
    pd.testing.assert_frame_equal(one.effect, two.effect, atol=1e-5)
    pd.testing.assert_frame_equal(one.stability, two.stability)
    assert cells.uns["_scvi_manager_uuid"] == before


def test_edges_and_entries_in_anndata(cells):
    ensemble = train_ensemble(cells, 2, n_selected=10, train_kwargs=TRAIN, progress=False)
    edges = ensemble.get_edges(top=12)
    assert list(edges) == [
        "source", "target", "weight", "sign", "rank", "effect", "sd", "sign_agreement", "stability", "probability",
    ]  # fmt: skip
    strongest = edges.iloc[0]
    assert abs(strongest.weight) == pytest.approx(ensemble.strength.to_numpy().max())
    assert strongest.stability == ensemble.stability.loc[strongest.source, strongest.target]
    stable = ensemble.get_edges(min_stability=1.0)
    assert 0 < len(stable) <= 10
    assert (stable.stability == 1).all()
    ensemble.write_network(cells, key_added="grn")
    at = cells.var_names.get_indexer([strongest.source, strongest.target])
    assert cells.varp["grn"][at[0], at[1]] == pytest.approx(strongest.effect)
    assert cells.varp["grn_stability"][at[0], at[1]] == pytest.approx(strongest.stability)
    assert cells.uns["grn"]["n_models"] == 2
    model = InfoSEM(cells, prior="laplace")
    model.train(**TRAIN)
    model.write_network(key_added="grn")
    assert "grn_stability" not in cells.varp, "a new network shall not stand beside parts of the old one"


def test_cells_in_a_layer_and_a_share_of_the_cells_for_each_model():
    adata = datasets.simulate(120, 24, 6, seed=0)
    adata.layers["logcounts"] = adata.X.copy()
    adata.X = None
    InfoSEM.setup_anndata(adata, layer="logcounts", embedding_key=None, interactions_key=None)
    ensemble = train_ensemble(adata, 2, train_kwargs={**TRAIN, "train_size": 0.5}, progress=False)
    assert (ensemble.sd.to_numpy() > 0).any()
    assert ensemble.probability is None


@pytest.mark.slow
def test_cells_in_a_file_are_read_by_each_process(cells, tmp_path, monkeypatch):
    del cells.varp["known_interactions"]
    cells.write_h5ad(tmp_path / "cells.h5ad")
    monkeypatch.chdir(tmp_path)
    backed = anndata.read_h5ad("cells.h5ad", backed="r")
    InfoSEM.setup_anndata(backed)
    one, two = (train_ensemble(backed, 2, n_jobs=n, train_kwargs=TRAIN, progress=False) for n in (1, 2))
    pd.testing.assert_frame_equal(one.effect, two.effect, atol=1e-5)
    assert repr(two) == "Ensemble: 2 models, 6 regulators, 24 genes"


def test_no_more_processes_than_models(cells, monkeypatch):
    asked = []
    monkeypatch.setattr(
        ensemble_module, "in_parallel", lambda train, seeds, n_jobs, **_: asked.append(n_jobs) or map(train, seeds)
    )
    train_ensemble(cells, 2, n_jobs=99, train_kwargs=TRAIN, progress=False)
    assert asked == [2]


def test_an_interruption_keeps_the_finished_models(cells, monkeypatch):
    train_one = ensemble_module._train_one

    def interrupted(cells, recipe, seed):
        if seed == 2:
            raise KeyboardInterrupt
        return train_one(cells, recipe, seed)

    monkeypatch.setattr(ensemble_module, "_train_one", interrupted)
    assert train_ensemble(cells, 4, train_kwargs=TRAIN, progress=False).n_models == 2
    with pytest.raises(KeyboardInterrupt):
        train_ensemble(cells, 4, seed=1, train_kwargs=TRAIN, progress=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_models": 1}, "2 or more"),
        ({"n_models": 2.5}, "n_models=2.5"),
        ({"n_jobs": 1.5}, "n_jobs=1.5"),
        ({"n_jobs": 0}, "n_jobs=0"),
        ({"n_selected": 0}, "n_selected=0"),
        ({"n_selected": 10**6}, "pairs can be edges"),
        ({"model_kwargs": {"seed": 3}}, "seed=3"),
    ],
)
def test_bad_arguments(cells, arguments, message):
    with pytest.raises(ValueError, match=message):
        train_ensemble(cells, **arguments)
    with pytest.raises(ValueError, match="min_stability=2"):
        train_ensemble(cells, 2, train_kwargs=TRAIN, progress=False).get_edges(min_stability=2)
