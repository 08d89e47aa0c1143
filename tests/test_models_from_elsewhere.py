"""Files of models that somebody else wrote or that are damaged: what opening them runs, and what is said of them."""

from __future__ import annotations

import io
import os
import pickle
import zipfile

import pandas as pd
import pytest
import torch

from infosem import InfoSEM

from .conftest import load


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
        torch.save(content | {"infosem_format": 4}, saved / "model.pt")
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
