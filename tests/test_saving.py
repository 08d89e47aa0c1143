"""Models on disk: what they hold, what opening them runs, and what is left when writing them fails."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import zipfile

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import torch
from scvi.train import SaveCheckpoint

from infosem import InfoSEM
from infosem.model._plain import from_plain, to_plain
from tests.conftest import QUIET


class RunsCode:
    """Unpickled, it makes a folder."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


def as_first_versions_wrote(model, folder):
    """The format of scvi-tools: whatever objects the model has, pickled."""
    folder.mkdir()
    attributes = {name: value for name, value in model._get_user_attributes() if name[-1] == "_"}
    state = {**model.module.state_dict(), "pyro_param_store": {"params": {}, "constraints": set()}}
    names = model.adata.var_names.to_numpy(dtype=object)
    torch.save({"model_state_dict": state, "var_names": names, "attr_dict": attributes}, folder / "model.pt")


def load(folder, **options):
    return InfoSEM.load(folder, **{"adata": False, "accelerator": "cpu", **options})


@pytest.fixture
def saved(trained, tmp_path):
    trained.save(tmp_path / "model")
    return tmp_path / "model"


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


class TestFilesFromElsewhere:
    def test_code_in_a_file_is_not_run_and_named(self, saved, tmp_path):
        evil = {"model_state_dict": RunsCode(tmp_path / "ran"), "attr_dict": {}, "var_names": []}
        torch.save(evil, saved / "model.pt")
        for call in (load, InfoSEM.load_registry, InfoSEM.view_setup_args):
            with pytest.raises(ValueError, match=r"holds objects \(posix\.mkdir\) that no version of infosem"):
                call(saved)
        assert not (tmp_path / "ran").exists()

    def test_a_bare_pickle_is_not_run(self, saved, tmp_path):
        for protocol in range(6):
            (saved / "model.pt").write_bytes(pickle.dumps(RunsCode(tmp_path / "ran"), protocol))
            with pytest.raises(ValueError, match="damaged, or was not saved by infosem"):
                load(saved, trust=True)
        assert not (tmp_path / "ran").exists()

    def test_no_converter_opens_a_pickle(self, saved, tmp_path):
        with pytest.raises(NotImplementedError, match="trust=True"):
            InfoSEM.convert_legacy_save(saved, tmp_path / "converted")

    def test_a_file_of_the_first_versions_loads_with_a_word_of_trust(self, trained, cells, tmp_path):
        as_first_versions_wrote(trained, tmp_path / "old")
        with pytest.raises(ValueError, match="ExpressionSummary.*trust=True"):
            load(tmp_path / "old", adata=cells)
        old = load(tmp_path / "old", adata=cells, trust=True)
        pd.testing.assert_frame_equal(old.get_edges(), trained.get_edges(), check_exact=True)
        assert InfoSEM.load_registry(tmp_path / "old", trust=True)["model_name"] == "InfoSEM"
        old.save(tmp_path / "new")
        pd.testing.assert_frame_equal(load(tmp_path / "new").get_edges(), trained.get_edges(), check_exact=True)

    @pytest.mark.parametrize(
        "content",
        [
            {"weight": torch.zeros(2)},
            torch.zeros(2),
            [],
            {"model_state_dict": {}, "var_names": [], "attr_dict": {}},
            {"model_state_dict": {}, "var_names": [], "attr_dict": {"infosem:kind": "os.system"}},
            {"model_state_dict": {}, "var_names": [], "attr_dict": {"infosem:kind": "record", "name": "system"}},
        ],
        ids=range(6),
    )
    def test_other_tensors_are_no_model(self, saved, content):
        torch.save(content, saved / "model.pt")
        with pytest.raises(ValueError, match="was not saved by infosem") as caught:
            load(saved)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("name", ["__class__", "_module_", "module"])
    def test_attributes_that_no_model_has(self, saved, name):
        content = torch.load(saved / "model.pt", weights_only=True)
        content["attr_dict"][name] = 1
        torch.save(content, saved / "model.pt")
        with pytest.raises(ValueError, match=f"not attributes of a model: '{name}'"):
            load(saved)

    def test_a_model_of_another_program_is_not_to_be_trusted(self, saved):
        torch.save(torch.nn.Linear(2, 2), saved / "model.pt")
        with pytest.raises(ValueError, match=r"holds objects \(torch\.nn.*another program's") as caught:
            load(saved)
        assert "trust=True" not in str(caught.value)

    @pytest.mark.parametrize("given", ["x.h5ad", True, pd.DataFrame({"a": [1]}), 0])
    def test_what_is_no_cells_is_refused(self, saved, given):
        with pytest.raises(TypeError, match="adata is .*expected an AnnData.*or False for none"):
            load(saved, adata=given)

    def test_parameters_of_another_shape(self, saved):
        content = torch.load(saved / "model.pt", weights_only=True)
        content["model_state_dict"]["adjacency.free_effect"] = torch.zeros(3, 3)
        torch.save(content, saved / "model.pt")
        with pytest.raises(ValueError, match="damaged") as caught:
            load(saved)
        assert "\n" not in str(caught.value)

    def test_a_model_of_another_class_and_of_a_later_version(self, saved):
        content = torch.load(saved / "model.pt", weights_only=True)
        torch.save(content | {"infosem_format": 3}, saved / "model.pt")
        with pytest.raises(ValueError, match="newer version"):
            load(saved)
        content["attr_dict"]["registry_"]["model_name"] = "SCVI"
        torch.save(content, saved / "model.pt")
        with pytest.raises(ValueError, match="class SCVI, not InfoSEM"):
            load(saved)
        assert load(saved, allowed_classes_names_list=["SCVI"]).is_trained

    def test_cut_off_anywhere_or_not_torchs(self, saved, tmp_path):
        whole = (saved / "model.pt").read_bytes()
        other = io.BytesIO()
        with zipfile.ZipFile(other, "w") as archive:
            archive.writestr("a.txt", "text")
        contents = [whole[: len(whole) * part // 20] for part in range(20)]
        contents += [other.getvalue(), b"text", b"\x80\x02", b"\0" * 4096, whole[::-1]]
        for content in contents:
            (saved / "model.pt").write_bytes(content)
            with pytest.raises(ValueError, match="damaged") as caught:
                load(saved, trust=True)
            assert "\n" not in str(caught.value)

    def test_one_wrong_number(self, saved):
        whole = (saved / "model.pt").read_bytes()
        parameters = torch.load(saved / "model.pt", weights_only=True)["model_state_dict"]["adjacency.free_effect"]
        at = whole.index(parameters.numpy().tobytes())
        (saved / "model.pt").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(ValueError, match="damaged.*checksum"):
            load(saved)

    def test_broken_data_beside_the_model(self, saved):
        (saved / "adata.h5ad").write_bytes(b"\x89HDF\r\n\x1a\nbroken")
        with pytest.raises(ValueError, match=r"adata\.h5ad cannot be read as an AnnData.*adata=False"):
            load(saved, adata=None)

    def test_no_model_there(self, saved, tmp_path):
        for folder in (tmp_path / "none", saved / "model.pt"):
            with pytest.raises(FileNotFoundError, match="There is no saved model"):
                load(folder)
        with pytest.raises(FileNotFoundError, match=r"prefix= of model\.pt"):
            load(saved, prefix="other_")


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
        assert "InfoSEM.setup_anndata(adata, layer=None, embedding_key='gene_embedding'" in capsys.readouterr().out
