"""What changes after ``setup_anndata`` is found, and never mixed with what was registered."""

from __future__ import annotations

import os

import anndata
import joblib
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse

from infosem import InfoSEM, datasets, pp, tl, train_ensemble

from .conftest import QUIET

SHORT = {"max_epochs": 1, **QUIET}


def normalise(cells):
    sc.pp.normalize_total(cells)


def scale(cells):
    cells.X = cells.X.toarray() if sparse.issparse(cells.X) else cells.X
    sc.pp.scale(cells)


def filter_genes(cells):
    sc.pp.filter_genes(cells, min_cells=cells.n_obs - 40)


def filter_cells(cells):
    cells._inplace_subset_obs(np.arange(cells.n_obs) < 80)


def rename_genes(cells):
    cells.var_names = [f"new{name}" for name in cells.var_names]


def other_regulators(cells):
    cells.var["is_regulator"] = np.roll(cells.var["is_regulator"], 1)


def other_embeddings(cells):
    cells.varm["gene_embedding"] = np.ones((24, 3)) * np.arange(24)[:, None]


def other_interactions(cells):
    cells.varp["known_interactions"] = -cells.varp["known_interactions"]


def no_interactions(cells):
    del cells.varp["known_interactions"]


OF_CELLS = {"X": normalise, "scaled": scale, "genes": filter_genes, "cells": filter_cells, "names": rename_genes}
OF_GENES = {
    "is_regulator": other_regulators,
    "gene_embedding": other_embeddings,
    "known_interactions": other_interactions,
    "known_interactions.*not in": no_interactions,
}
USES = {
    "model": InfoSEM,
    "ensemble": lambda cells: train_ensemble(cells, 2, train_kwargs=SHORT, progress=False),
}


@pytest.fixture
def registered(cells):
    cells.obs["group"] = "all"
    InfoSEM.setup_anndata(cells)
    return cells


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("change", [*OF_CELLS, *OF_GENES])
def test_between_setup_and_use(registered, change, use):
    {**OF_CELLS, **OF_GENES}[change](registered)
    with pytest.raises((KeyError, ValueError), match=r"setup_anndata|pp\.known_interactions"):
        USES[use](registered)


@pytest.mark.parametrize("change", OF_CELLS)
def test_between_model_and_training(registered, change):
    model = InfoSEM(registered)
    OF_CELLS[change](registered)
    with pytest.raises(ValueError, match="setup_anndata"):
        model.train(**SHORT)


@pytest.mark.parametrize("change", OF_CELLS)
def test_after_training(registered, change):
    model = InfoSEM(registered)
    model.train(**SHORT)
    edges = model.get_edges()
    OF_CELLS[change](registered)
    for read in (model.get_latent_representation, model.get_elbo, lambda: tl.perturb(registered, "TF0", model=model)):
        with pytest.raises(ValueError, match="setup_anndata"):
            read()
    pd.testing.assert_frame_equal(model.get_edges(), edges)


@pytest.mark.parametrize("change", OF_GENES)
def test_a_model_keeps_the_genes_that_it_was_made_with(registered, change):
    model = InfoSEM(registered)
    model.train(**SHORT)
    edges, latent, names = model.get_edges(), model.get_latent_representation(), model.regulator_names
    OF_GENES[change](registered)
    InfoSEM.setup_anndata(registered)
    InfoSEM(registered).train(**SHORT)
    np.testing.assert_array_equal(model.get_latent_representation(), latent)
    assert model.regulator_names == names
    pd.testing.assert_frame_equal(model.get_edges(), edges)
    with pytest.raises((KeyError, ValueError), match=r"setup_anndata|pp\.known_interactions"):
        tl.false_discovery_rate(model, n_permutations=1, train_kwargs=SHORT, progress=False)


def test_the_same_values_in_another_form_are_the_same(registered):
    registered.X = sparse.csc_matrix(registered.X).astype(np.float64)
    model = InfoSEM(registered)
    model.train(**SHORT)
    registered.X = np.asarray(registered.X.toarray(), dtype=np.float32)
    model.get_elbo()


def test_other_cells_may_change(registered, cells):
    model = InfoSEM(registered)
    model.train(**SHORT)
    other = datasets.simulate(50, 24, 6, seed=1)
    other.var_names = registered.var_names
    before = model.get_latent_representation(other)
    other.X = other.X * 0.5
    assert not np.allclose(model.get_latent_representation(other), before)


@pytest.mark.slow
def test_a_file_that_was_replaced_before_the_workers_open_it(cells, tmp_path):
    path = tmp_path / "cells.h5ad"
    cells.write_h5ad(path)
    backed = anndata.read_h5ad(path, backed="r")
    InfoSEM.setup_anndata(backed)
    other = cells.copy()
    other.X = other.X * 2
    other.write_h5ad(tmp_path / "other.h5ad")
    os.replace(tmp_path / "other.h5ad", path)
    with joblib.parallel_config("loky", n_jobs=2), pytest.raises(ValueError, match="adata.X has changed"):
        train_ensemble(backed, 2, train_kwargs=SHORT, progress=False)


class TestNotInMemory:
    """Work, or one sentence."""

    def test_views_of_a_file(self, cells, tmp_path):
        cells.write_h5ad(tmp_path / "cells.h5ad")
        view = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")[:60]
        with pytest.raises(ValueError, match=r"view of an AnnData in a file.*to_memory"):
            InfoSEM.setup_anndata(view)
        InfoSEM.setup_anndata(view.to_memory())

    @pytest.mark.parametrize("blocks", [np.asarray, sparse.csr_matrix, sparse.csr_array])
    def test_dask(self, cells, blocks):
        array = pytest.importorskip("dask.array")
        dense = np.asarray(cells.X.toarray() if sparse.issparse(cells.X) else cells.X)
        found = []
        for x in (dense, array.from_array(dense, chunks=(50, 24)).map_blocks(blocks)):
            adata = anndata.AnnData(x, var=cells.var)
            InfoSEM.setup_anndata(adata)
            model = InfoSEM(adata)
            model.train(**SHORT)
            found.append(model.get_adjacency())
            assert model.get_latent_representation().shape == cells.shape
        np.testing.assert_allclose(found[0], found[1], atol=0.02)


def test_binarised_expression_is_told(cells, caplog):
    cells.X = (cells.X > 0.5).astype(np.float32)
    InfoSEM.setup_anndata(cells)
    assert "zeros and ones only" in caplog.text


def test_labels_never_go_to_another_regulator(registered):
    pp.regulators(registered, ["TF1", "TF2", "TF3"])
    with pytest.raises(ValueError, match=r"adata.var\['is_regulator'\] has changed"):
        InfoSEM(registered)
    InfoSEM.setup_anndata(registered)
    known = InfoSEM(registered).get_known_interactions()
    expected = registered.varp["known_interactions"].toarray()[1:4]
    np.fill_diagonal(expected[:, 1:], 0)
    np.testing.assert_array_equal(known.to_numpy(), expected)


def test_what_comes_after_setup_is_told(cells, caplog):
    for mapping, key in ((cells.varm, "gene_embedding"), (cells.varp, "known_interactions")):
        later = mapping.pop(key)
        InfoSEM.setup_anndata(cells)
        mapping[key] = later
        caplog.clear()
        InfoSEM(cells)
        assert f"[{key!r}] was written after setup_anndata" in caplog.text
        InfoSEM.setup_anndata(cells, **{"embedding_key": None, "interactions_key": None})
        caplog.clear()
        InfoSEM(cells)
        assert "after setup_anndata" not in caplog.text


def test_a_loaded_model_does_not_train_on_cells_that_changed(registered, tmp_path):
    model = InfoSEM(registered)
    model.train(**SHORT)
    model.save(tmp_path / "model")
    loaded = InfoSEM.load(tmp_path / "model", registered, accelerator="cpu")
    loaded.train(**SHORT)
    registered.X = registered.X * 2
    with pytest.raises(ValueError, match="adata.X has changed"):
        loaded.train(**SHORT)
