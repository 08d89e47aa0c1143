"""Training from files: every cell once an epoch, and the same network as from memory."""

from __future__ import annotations

import logging

import anndata
import h5py
import numpy as np
import pytest
import zarr
from anndata import AnnData
from anndata.io import read_elem, sparse_dataset
from scipy import sparse

from infosem import InfoSEM, datasets
from infosem.data._cells import RegisteredCells
from infosem.data._streaming import CellStream
from infosem.module import LaplacePrior, LearnedLatent
from infosem.train import EqualEffects

from .conftest import QUIET

OPTIONS = {
    "prior": LaplacePrior(weight=0.03),
    "latent": LearnedLatent(kl_weight=1.0),
    "start": EqualEffects(total=0.1),
}
PLAN = {"lr_networks": 1e-3, "lr_decay": 0.995, "lr_adjacency": 0.03}


@pytest.mark.parametrize("as_sparse", [True, False])
@pytest.mark.parametrize("n_cells", [10, 64, 1000])
def test_an_epoch_is_every_cell_once_in_new_order(as_sparse, n_cells):
    x = np.arange(2000.0).reshape(1000, 2)
    cells = np.random.default_rng(0).permutation(1000)[:n_cells]
    stream = CellStream(
        RegisteredCells(sparse.csr_matrix(x) if as_sparse else x), cells, batch_size=32, chunk_size=20, n_chunks=4
    )
    epochs = []
    for _ in range(2):
        batches = [batch["X"].numpy() for batch in stream]
        assert len(batches) == len(stream)
        assert all(len(batch) == 32 for batch in batches[:-1])
        epochs.append(np.concatenate(batches))
    np.testing.assert_array_equal(np.sort(epochs[0][:, 0]), np.sort(x[cells, 0]))
    np.testing.assert_array_equal(np.sort(epochs[1][:, 0]), np.sort(x[cells, 0]))
    assert (epochs[0] != epochs[1]).any()


def test_processes_take_different_cells_and_as_many_batches(monkeypatch):
    x = np.arange(1001.0)[:, None]
    seen = []
    for rank in (0, 1):
        monkeypatch.setattr("infosem.data._streaming._process", lambda rank=rank: (rank, 2))
        stream = CellStream(RegisteredCells(x), np.arange(1001), batch_size=32, chunk_size=20, n_chunks=4)
        batches = [batch["X"].numpy() for batch in stream]
        assert len(batches) == len(stream) == 16
        seen.append({int(value) for batch in batches for value in batch[:, 0]})
    assert len(seen[0]) == len(seen[1]) == 500
    assert not seen[0] & seen[1]


def test_a_minibatch_holds_cells_of_many_places():
    stream = CellStream(
        RegisteredCells(np.arange(1000.0)[:, None]), np.arange(1000), batch_size=50, chunk_size=10, n_chunks=20
    )
    first = next(iter(stream))["X"].numpy()[:, 0]
    assert len(np.unique(first // 10)) > 15


def open_files(folder, adata):
    adata.write_h5ad(folder / "cells.h5ad")
    yield anndata.read_h5ad(folder / "cells.h5ad", backed="r")
    with h5py.File(folder / "dense.h5", "w") as file:
        file["X"] = adata.X.toarray()
    yield AnnData(h5py.File(folder / "dense.h5")["X"], var=adata.var)
    adata.write_zarr(folder / "cells.zarr")
    group = zarr.open_group(folder / "cells.zarr", mode="r")
    yield AnnData(sparse_dataset(group["X"]), obs=read_elem(group["obs"]), var=read_elem(group["var"]))


def learn(cells):
    InfoSEM.setup_anndata(cells, embedding_key=None, interactions_key=None)
    model = InfoSEM(cells, **OPTIONS)
    # one batch per epoch: the order of the cells cannot matter but for the sampled noise
    model.train(max_epochs=200, batch_size=300, plan_kwargs=PLAN, **QUIET)
    return model


@pytest.fixture(scope="module")
def in_memory():
    """Cells, and the network that is learned from them in memory."""
    adata = datasets.simulate(300, 20, 5, seed=0)
    return adata, learn(adata).get_adjacency().to_numpy()


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["h5ad", "dense hdf5", "zarr"])
def test_the_network_is_that_of_the_cells_in_memory(tmp_path, in_memory, kind):
    adata, network = in_memory
    model = learn(list(open_files(tmp_path, datasets.simulate(300, 20, 5, seed=0)))[kind])
    start = InfoSEM(adata, **OPTIONS).module.adjacency().weights.detach().numpy()
    learned, streamed = network - start, model.get_adjacency().to_numpy() - start
    assert np.corrcoef(learned.ravel(), streamed.ravel())[0, 1] > 0.9
    assert model.get_elbo() == pytest.approx(model.get_elbo(adata), rel=1e-5)


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["h5ad", "dense hdf5", "zarr"])
def test_cells_come_in_the_order_asked_for(tmp_path, kind):
    adata = datasets.simulate(100, 20, 5, seed=0)
    backed = list(open_files(tmp_path, adata))[kind]
    InfoSEM.setup_anndata(adata, embedding_key=None, interactions_key=None)
    model = InfoSEM(adata)
    model.train(max_epochs=1, **QUIET)
    everyone = model.get_latent_representation()
    for chosen in ([70, 5, 30], [3, 3, 1], [-1, 0]):
        np.testing.assert_allclose(model.get_latent_representation(backed, indices=chosen), everyone[chosen], rtol=1e-5)
        denoised = model.get_denoised_expression(backed, indices=chosen, batch_size=2)
        np.testing.assert_allclose(denoised, model.get_denoised_expression().iloc[chosen], rtol=1e-4)
        assert list(denoised.index) == list(backed.obs_names[chosen])


def test_a_file_that_is_stored_gene_by_gene_is_named_in_the_log(tmp_path, caplog, monkeypatch):
    adata = datasets.simulate(100, 20, 5, seed=0)
    adata.X = sparse.csc_matrix(adata.X)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    InfoSEM.setup_anndata(backed, embedding_key=None, interactions_key=None)
    monkeypatch.setattr(logging.getLogger("infosem"), "propagate", True)
    InfoSEM(backed).train(max_epochs=1, **QUIET)
    assert "CSC" in caplog.text
