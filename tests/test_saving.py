"""Models on disk: what they hold, and what is left when writing them fails."""

from __future__ import annotations

import io
import multiprocessing

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import torch
from scvi.train import SaveCheckpoint

from infosem import InfoSEM
from infosem.model._plain import from_plain, to_plain

from .conftest import QUIET, load


class TestWhatAFileHolds:
    def test_tensors_and_plain_data_only(self, saved):
        content = torch.load(saved / "model.pt", weights_only=True)
        assert torch.serialization.get_unsafe_globals_in_checkpoint(saved / "model.pt") == []
        assert "adjacency.free_effect" in content["model_state_dict"]

    def test_everything_of_the_model_comes_back(self, trained, saved):
        loaded = load(saved)
        assert loaded.init_params_ == trained.init_params_
        assert loaded.is_trained
        assert loaded.history.keys() == trained.history.keys()
        for name, table in trained.history.items():
            pd.testing.assert_frame_equal(loaded.history[name], table, check_index_type=False)
        np.testing.assert_array_equal(loaded.train_indices, trained.train_indices)
        for name, tensor in trained.module.state_dict().items():
            torch.testing.assert_close(loaded.module.state_dict()[name], tensor, rtol=0, atol=0, equal_nan=True)
        before, after = trained.registry_["field_registries"], loaded.registry_["field_registries"]
        assert before.keys() == after.keys()
        of_cells = after["X"]["state_registry"]["summary"]
        np.testing.assert_array_equal(of_cells.all_values.sd, before["X"]["state_registry"]["summary"].all_values.sd)

    def test_a_loaded_model_is_saved_and_loaded_as_the_first(self, trained, saved, tmp_path):
        load(saved).save(tmp_path / "again")
        pd.testing.assert_frame_equal(load(tmp_path / "again").get_edges(), trained.get_edges(), check_exact=True)

    @pytest.mark.parametrize(
        "value",
        [
            np.float32(0.1),
            np.str_("a"),
            np.array(["a", "bcd"]),
            np.array(["a", None, 1.5], dtype=object),
            np.arange(3, dtype=">i4"),
            np.zeros((2, 0)),
            np.array([[1, 2], [3, 4]], dtype=object),
            np.array([], dtype=object),
        ],
        ids=repr,
    )
    def test_values_come_back_from_a_file_as_they_were(self, value):
        file = io.BytesIO()
        torch.save(to_plain({"a": [value, ("b", None)]}), file)
        file.seek(0)
        back, rest = from_plain(torch.load(file, weights_only=True))["a"]
        assert rest == ("b", None)
        assert type(back) is type(value)
        assert back.dtype == value.dtype.newbyteorder("=")
        np.testing.assert_array_equal(back, value)

    def test_what_cannot_be_had_back_is_refused_by_name(self, trained, tmp_path):
        trained.notes_ = {"mine": [object()]}
        with pytest.raises(TypeError, match=r"model\['notes_'\]\['mine'\] is a object"):
            trained.save(tmp_path / "model")
        assert not (tmp_path / "model").exists()


class TestWriting:
    def test_prefixes_share_a_folder_and_overwriting_is_a_wish(self, trained, cells, tmp_path):
        folder = tmp_path / "a" / "model"
        trained.save(folder, prefix="one_", save_anndata=True)
        with pytest.raises(ValueError, match="already exists; overwrite=True"):
            trained.save(folder, prefix="two_")
        trained.save(folder, prefix="two_", overwrite=True)
        assert sorted(path.name for path in folder.iterdir()) == ["one_adata.h5ad", "one_model.pt", "two_model.pt"]
        assert load(folder, adata=None, prefix="one_").adata.n_obs == cells.n_obs
        with pytest.warns(UserWarning, match="without data"):
            assert load(folder, adata=None, prefix="two_").adata is None
        (tmp_path / "file").touch()
        with pytest.raises(ValueError, match="it is a file"):
            trained.save(tmp_path / "file", overwrite=True)

    @pytest.mark.parametrize("new", [True, False])
    def test_a_failure_leaves_what_was_there(self, trained, cells, tmp_path, new):
        folder = tmp_path / "model"
        if not new:
            trained.save(folder, save_anndata=True)
        before = {path.name: path.read_bytes() for path in folder.glob("*")}
        cells.uns["cannot be written"] = object()
        with pytest.raises(Exception, match="object"):
            trained.save(folder, save_anndata=True, overwrite=True)
        assert {path.name: path.read_bytes() for path in folder.glob("*")} == before
        assert folder.exists() != new

    @pytest.mark.parametrize(
        ("options", "error", "match"),
        [
            ({"prefix": "a/b"}, ValueError, "prefix='a/b' .*can name no folder"),
            ({"overwrite": "no"}, ValueError, "overwrite='no' must be True or False"),
            ({"save_anndata": "no"}, ValueError, "save_anndata='no' must be True or False"),
            ({"save_anndata": True}, ValueError, r"data cannot be saved .*key 'odd'.*leave save_anndata= out"),
        ],
    )
    def test_what_cannot_be_saved_is_told(self, trained, tmp_path, options, error, match):
        trained.adata.uns["odd"] = object()
        with pytest.raises(error, match=match):
            trained.save(tmp_path / "model", **options)
        assert not (tmp_path / "model").exists()

    def test_no_folder_in_a_file(self, trained, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(NotADirectoryError, match="file' is a file"):
            trained.save(tmp_path / "file" / "x")

    def test_a_full_disk(self, trained, tmp_path, monkeypatch):
        def write(*_):
            raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0")

        monkeypatch.setattr(torch, "save", write)
        with pytest.raises(OSError, match="the disk is full"):
            trained.save(tmp_path / "model")
        assert not (tmp_path / "model").exists()

    def test_data_that_are_not_there_cannot_be_saved(self, saved, tmp_path):
        with pytest.raises(ValueError, match="loaded without data"):
            load(saved).save(tmp_path / "again", save_anndata=True)

    def test_data_on_disk_stay_open(self, cells, tmp_path):
        cells.write_h5ad(tmp_path / "cells.h5ad")
        backed = ad.read_h5ad(tmp_path / "cells.h5ad", backed="r")
        InfoSEM.setup_anndata(backed)
        model = InfoSEM(backed)
        model.train(max_epochs=2, **QUIET)
        model.save(tmp_path / "model", save_anndata=True)
        assert backed.filename == tmp_path / "cells.h5ad"
        backed.file.close()  # it opens the file again
        model.train(max_epochs=2, **QUIET)
        np.testing.assert_array_equal(load(tmp_path / "model", adata=None).adata.X.toarray(), cells.X.toarray())

    def test_the_best_checkpoint_is_loaded_at_the_end(self, cells, tmp_path):
        InfoSEM.setup_anndata(cells)
        model = InfoSEM(cells)
        checkpoint = SaveCheckpoint(dirpath=str(tmp_path), monitor="train_loss", load_best_on_end=True)
        model.train(max_epochs=4, callbacks=[checkpoint], **QUIET)
        best = load(checkpoint.best_model_path)
        pd.testing.assert_frame_equal(best.get_adjacency(), model.get_adjacency(), check_exact=True)

    def test_processes_may_write_at_the_same_time(self, saved, tmp_path):
        def write():
            model = load(saved)
            for _ in range(20):
                model.save(tmp_path / "shared", overwrite=True)

        context = multiprocessing.get_context("fork")
        running = [context.Process(target=write) for _ in range(2)]
        for process in running:
            process.start()
        for process in running:
            process.join(300)
            assert process.exitcode == 0
        assert [path.name for path in (tmp_path / "shared").iterdir()] == ["model.pt"]
        assert load(tmp_path / "shared").is_trained

    def test_arguments_of_the_set_up_are_shown(self, saved, capsys):
        InfoSEM.view_setup_args(saved)
        assert "InfoSEM.setup_anndata(adata, layer=None, batch_key=None" in capsys.readouterr().out
