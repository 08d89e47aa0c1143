"""One network for each group of cells."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

from infosem import Ensemble, InfoSEM, datasets, get, tl

from .conftest import QUIET

SHORT = {"max_epochs": 2, **QUIET}


@pytest.fixture
def grouped(cells):
    """Three groups of 60, 40 and 20 of the cells, mixed."""
    group = np.random.default_rng(0).permutation(np.repeat(["CD4+/CD8-", "B", "rare"], [60, 40, 20]))
    cells.obs["cell_type"] = pd.Categorical(group)
    InfoSEM.setup_anndata(cells)
    return cells


def test_a_group_has_the_network_of_its_cells_alone(grouped, caplog, tmp_path):
    with caplog.at_level(logging.WARNING, "infosem"):
        found = tl.by_group(grouped, "cell_type", min_cells=30, train_kwargs=SHORT, progress=False)
    assert list(found) == ["B", "CD4+/CD8-"]
    InfoSEM(grouped)  # it is registered as before
    assert "rare" in caplog.text
    alone = grouped[grouped.obs["cell_type"] == "B"].copy()
    InfoSEM.setup_anndata(alone)
    model = InfoSEM(alone)
    model.train(**SHORT)
    pd.testing.assert_frame_equal(found["B"].get_adjacency(), model.get_adjacency())
    assert found["B"].prior_ == "embedding+interactions"
    pd.testing.assert_frame_equal(get.network(grouped, "infosem:B"), model.get_edges())
    assert len(get.network(grouped, "infosem:CD4+/CD8-")) == len(found["CD4+/CD8-"].get_edges())
    grouped.write_h5ad(tmp_path / "cells.h5ad")


def test_which_entries_count_is_the_same_in_all_groups():
    adata = datasets.pbmc()
    few = adata[adata.obs["bulk_labels"] == "CD56+ NK"].copy()
    InfoSEM.setup_anndata(few, embedding_key=None, interactions_key=None)
    assert InfoSEM(few).module.likelihood.mask_zeros  # 31 cells do not tell
    InfoSEM.setup_anndata(adata, embedding_key=None, interactions_key=None)
    options = {"groups": ["CD56+ NK", "CD19+ B"], "min_cells": 30, "train_kwargs": SHORT, "progress": False}
    found = tl.by_group(adata, "bulk_labels", **options)
    assert [model.module.likelihood.mask_zeros for model in found.values()] == [False, False]
    paper = tl.by_group(adata, "bulk_labels", model_kwargs={"preset": "paper"}, **options)
    assert [model.module.likelihood.mask_zeros for model in paper.values()] == [True, True]


def test_ensembles(grouped):
    found = tl.by_group(
        grouped,
        "cell_type",
        groups=["rare"],
        min_cells=10,
        n_models=2,
        model_kwargs={"prior": "laplace"},
        train_kwargs=SHORT,
        key_added="grn",
        progress=False,
    )
    assert isinstance(found["rare"], Ensemble)
    assert "stability" in get.network(grouped, "grn:rare")


def test_interrupted(grouped, monkeypatch):
    train, calls = InfoSEM.train, []

    def interrupt(self, *args, **kwargs):
        calls.append(self)
        if len(calls) == 2:
            raise KeyboardInterrupt
        train(self, *args, **kwargs)

    monkeypatch.setattr(InfoSEM, "train", interrupt)
    found = tl.by_group(grouped, "cell_type", min_cells=10, train_kwargs=SHORT, progress=False)
    assert list(found) == ["B"]
    assert "infosem:B" in grouped.varp


def test_errors(grouped):
    with pytest.raises(ValueError, match=r"\['rare'\].*min_cells=30.*rare \(20\)"):
        tl.by_group(grouped, "cell_type", groups=["rare"], min_cells=30)
    with pytest.raises(KeyError, match="'kind' is not in adata.obs"):
        tl.by_group(grouped, "kind")
    other = datasets.simulate(60, 10, 3)
    other.obs["cell_type"] = "B"
    with pytest.raises(ValueError, match="setup_anndata"):
        tl.by_group(other, "cell_type")
