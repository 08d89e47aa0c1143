"""Models on disk: tensors and plain data, which cannot run code, whole or not at all."""

from __future__ import annotations

import os
import pickle
import re
import warnings
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shown
from typing import Any, Literal, Self

import anndata
import torch
from anndata import AnnData
from scvi.data._download import _download
from scvi.model._utils import parse_device_args
from scvi.model.base import BaseModelClass
from scvi.model.base._constants import SAVE_KEYS
from scvi.model.base._save_load import _validate_var_names
from torch import Tensor

from infosem.data._arguments import truth_value
from infosem.files._atomic import replacing
from infosem.model._plain import from_plain, to_plain

_FORMAT_KEY, _FORMAT = "infosem_format", 1

_OF_FIRST_VERSIONS = re.compile(r"(infosem|numpy|pandas|collections)\..+|builtins\.(bytes|dict|list|set|slice|tuple)")
"""Objects that they pickled."""
_ATTRIBUTE = re.compile(r"[a-zA-Z]\w*_")
"""Of a model, that is saved."""


class SavingMixin(BaseModelClass):
    """``save`` and ``load`` of scvi-tools, with files that hold no objects: opening one runs nothing."""

    def save(
        self,
        dir_path: str | Path,
        prefix: str | None = None,
        overwrite: bool = False,
        save_anndata: bool = False,
        save_kwargs: dict[str, Any] | None = None,
        legacy_mudata_format: bool = False,
        datamodule: None = None,
        **anndata_write_kwargs: Any,
    ) -> None:
        """Write the model to a folder: its parameters, settings, genes and history as tensors and plain data.

        Parameters
        ----------
        dir_path
            The folder.
        prefix
            What the files' names begin with.
        overwrite
            Whether the folder may exist; a model of the same prefix in it is replaced once the new one is written.
        save_anndata
            Whether to write the data too, with which :meth:`load` needs none.
        save_kwargs
            Passed to :func:`torch.save`.
        legacy_mudata_format, datamodule
            Of scvi-tools; without a meaning here.
        **anndata_write_kwargs
            Passed to :meth:`anndata.AnnData.write_h5ad`.

        Raises
        ------
        OSError
            If the file system does not take it.
        ValueError
            If the folder exists, unless ``overwrite``; or if the data are to be saved and there are none, or they hold
            what no file of AnnData does.
        """
        folder = Path(dir_path)
        overwrite, save_anndata = truth_value(overwrite, "overwrite"), truth_value(save_anndata, "save_anndata")
        if prefix and set(prefix) & {"/", os.sep, "\0"}:
            raise ValueError(f"prefix={prefix!r} begins the names of the files, and can name no folder: save(folder).")
        if blocked := next((parent for parent in folder.parents if parent.is_file()), None):
            raise NotADirectoryError(
                f"{str(folder)!r} cannot be a folder, as {str(blocked)!r} is a file. Name another."
            )
        if folder.exists() and not (overwrite and folder.is_dir()):
            how = "overwrite=True writes into it" if folder.is_dir() else "it is a file"
            raise ValueError(f"{str(folder)!r} already exists; {how}. Name another folder.")
        if save_anndata and self.adata is None:
            raise ValueError("save_anndata=True, but this model was loaded without data. Leave it out.")
        attributes = {name: value for name, value in self._get_user_attributes() if _ATTRIBUTE.fullmatch(name)}
        content = {
            _FORMAT_KEY: _FORMAT,
            SAVE_KEYS.MODEL_STATE_DICT_KEY: to_plain(dict(self.module.state_dict()), "module"),
            SAVE_KEYS.VAR_NAMES_KEY: self.gene_names,
            SAVE_KEYS.ATTR_DICT_KEY: to_plain(attributes, "model"),
        }
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            # the model takes its place last: where it is, the data are
            with replacing(_file(folder, prefix, SAVE_KEYS.MODEL_FNAME)) as model, ExitStack() as before:
                _write_model(content, model, **(save_kwargs or {}))
                if save_anndata:
                    data = before.enter_context(replacing(_file(folder, prefix, SAVE_KEYS.ADATA_FNAME)))
                    _write_data(self.adata, data, **anndata_write_kwargs)
        except BaseException:
            if new and not any(folder.iterdir()):
                folder.rmdir()
            raise

    @classmethod
    def load(
        cls,
        dir_path: str | Path,
        adata: AnnData | Literal[False] | None = None,
        accelerator: str = "auto",
        device: int | str = "auto",
        prefix: str | None = None,
        backup_url: str | None = None,
        datamodule: None = None,
        allowed_classes_names_list: list[str] | None = None,
        *,
        trust: bool = False,
    ) -> Self:
        """Read a model that :meth:`save` wrote. It is read as data: a file from elsewhere can run nothing.

        Parameters
        ----------
        dir_path
            The folder.
        adata
            Cells to use it with: those that it was trained on, or others with the same genes. ``None`` reads those
            that were saved with it; ``False`` for no cells.
        accelerator, device
            As in Lightning's ``Trainer``.
        prefix
            What the files' names begin with.
        backup_url
            Where to fetch the file of the model if it is not in the folder.
        datamodule
            Of scvi-tools; without a meaning here.
        allowed_classes_names_list
            Names of other classes whose models may be read.
        trust
            Whether to open a file that holds objects, as infosem's first versions wrote them. **That runs whatever
            code its author put into it**; save such a model again, and it is needed no more.

        Raises
        ------
        FileNotFoundError
            If there is no model.
        TypeError
            If ``adata`` is neither cells, ``None`` nor ``False``.
        ValueError
            If the file is damaged, is no model of this class, or holds objects and is not trusted; or if ``adata`` has
            other genes.
        """
        folder = Path(dir_path)
        if not (adata is None or adata is False or isinstance(adata, AnnData)):
            given = shown(adata) if isinstance(adata, str | Path | bool) else f"a {type(adata).__name__}"
            raise TypeError(
                f"adata is {given}, expected an AnnData (anndata.read_h5ad(path) reads one), None for the cells that "
                "were saved with the model, or False for none."
            )
        _, _, device = parse_device_args(
            accelerator=accelerator, devices=device, return_device="torch", validate_single_device=True
        )
        if backup_url is not None:
            _download(backup_url, str(folder), f"{prefix or ''}{SAVE_KEYS.MODEL_FNAME}")
        saved = _read(folder, prefix, trust)
        if saved.model_name not in (cls.__name__, *(allowed_classes_names_list or [])):
            raise ValueError(f"{saved.path} holds a model of the class {saved.model_name}, not {cls.__name__}.")
        if adata is None:
            adata = _saved_data(folder, prefix)
        cells = adata if isinstance(adata, AnnData) else None
        if cells is not None:
            _validate_var_names(cells, saved.var_names)
            cls.setup_anndata(cells, source_registry=saved.registry, **saved.setup)
        try:
            model = cls(cells, registry=saved.registry, **saved.arguments)
            model.module.load_state_dict(saved.parameters)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(_unusable(saved.path, error)) from error
        for name, value in saved.attributes.items():
            setattr(model, name, value)
        model.to_device(device)
        model.module.eval()
        if cells is not None:
            model._validate_anndata(cells)
        return model

    @staticmethod
    def load_registry(dir_path: str | Path, prefix: str | None = None, *, trust: bool = False) -> dict[str, Any]:
        """What a saved model knows of the data that it was set up with; ``trust`` as for :meth:`load`."""
        return _read(Path(dir_path), prefix, trust).registry

    @staticmethod
    def view_setup_args(dir_path: str | Path, prefix: str | None = None, *, trust: bool = False) -> None:
        """Print the call of ``setup_anndata`` that a saved model was made with; ``trust`` as for :meth:`load`."""
        saved = _read(Path(dir_path), prefix, trust)
        arguments = "".join(f", {name}={value!r}" for name, value in saved.setup.items())
        print(f"{saved.model_name}.setup_anndata(adata{arguments})")

    @classmethod
    def convert_legacy_save(cls, *_: Any, **__: Any) -> None:
        """Of scvi-tools, for files from before its version 0.15, which no model of infosem has."""
        raise NotImplementedError(
            f"{cls.__name__} has no files of that format. What infosem's first versions wrote is converted by "
            f"{cls.__name__}.load(folder, trust=True) and model.save(...), if you trust where it comes from."
        )


@dataclass(frozen=True)
class _Saved:
    """The content of a file: arguments of ``setup_anndata`` and of the model, and what it has besides."""

    path: Path
    parameters: dict[str, Tensor]
    var_names: Any
    registry: dict[str, Any]
    setup: dict[str, Any]
    arguments: dict[str, Any]
    attributes: dict[str, Any]

    @property
    def model_name(self) -> str:
        return str(self.registry.get("model_name"))


def _read(folder: Path, prefix: str | None, trust: bool) -> _Saved:
    path = _file(folder, prefix, SAVE_KEYS.MODEL_FNAME)
    if not path.is_file():
        there = sorted(file.name for file in folder.glob("*.pt")) if folder.is_dir() else []
        raise FileNotFoundError(
            f"There is no saved model {str(path)!r}: name the folder that model.save() wrote"
            f"{f', and the prefix= of {listed}' if (listed := ', '.join(there)) else ''}."
        )
    content = _content(path, trust)
    if isinstance(content, dict) and isinstance(newer := content.get(_FORMAT_KEY), int) and newer > _FORMAT:
        raise ValueError(f"{path} was written by a newer version of infosem (format {newer}). Update infosem.")
    try:
        attributes = from_plain(content[SAVE_KEYS.ATTR_DICT_KEY])
        parameters = dict(content[SAVE_KEYS.MODEL_STATE_DICT_KEY])
        parameters.pop("pyro_param_store", None)  # of scvi-tools
        registry, arguments = attributes.pop("registry_"), attributes.pop("init_params_")
        if odd := [name for name in attributes if not _ATTRIBUTE.fullmatch(name)]:
            raise ValueError(f"no attributes of a model: {', '.join(map(shown, odd))}")
        return _Saved(
            path=path,
            parameters=parameters,
            var_names=content[SAVE_KEYS.VAR_NAMES_KEY],
            registry={**registry},
            setup={**registry["setup_args"]},
            arguments={**arguments["non_kwargs"]},
            attributes=attributes,
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(_unusable(path, error)) from error


def _content(path: Path, trust: bool) -> Any:
    try:
        # torch itself takes what the disk returns, and a wrong number is as good as a right one
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if wrong := archive.testzip():
                    raise zipfile.BadZipFile(f"bad checksum of {wrong}")
        return torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError:
        raise
    except pickle.UnpicklingError as error:
        objects = _objects(path)
        if not objects:
            raise ValueError(_unusable(path, error)) from error
        if not trust:
            raise ValueError(f"{path} {_what_it_is(objects)}") from error
    except Exception as error:  # of any kind, from bytes that somebody may have chosen
        raise ValueError(_unusable(path, error)) from error
    try:
        return torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # of any kind: it runs code that is not infosem's
        raise ValueError(_unusable(path, error)) from error


def _objects(path: Path) -> list[str]:
    """What a file names that is no plain data, found without running it; nothing if it is not torch's."""
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # as above
        return []


def _what_it_is(objects: list[str]) -> str:
    """Of a file with such objects, and what can be done with it."""
    foreign = [name for name in objects if not _OF_FIRST_VERSIONS.fullmatch(name)]
    ours = not foreign and any(name.startswith("infosem.") for name in objects)
    told = objects if ours else foreign or objects
    listed = f"holds objects ({', '.join(told[:5])}{', ...' if len(told) > 5 else ''})"
    if ours:
        return (
            f"{listed}, as infosem's first versions wrote them: opening it would run code that its author chose. If "
            "you trust where it comes from, load(..., trust=True) opens it; saved again, it holds none."
        )
    return (
        f"{listed} that no version of infosem wrote: it is another program's, such as a model of scvi-tools, or was "
        "changed, and opening it would run code that its author chose. Name the folder that InfoSEM's save() wrote."
    )


def _saved_data(folder: Path, prefix: str | None) -> AnnData | None:
    path = _file(folder, prefix, SAVE_KEYS.ADATA_FNAME)
    if not path.is_file():
        warnings.warn(
            f"No data were saved with the model ({path}) and none are passed: it is loaded without data.", stacklevel=3
        )
        return None
    try:
        return anndata.read_h5ad(path)
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is no AnnData that can be read ({_reason(error)}). Pass the cells, load(..., adata=adata), or "
            "adata=False for none."
        ) from error


def _write_model(content: dict[str, Any], path: Path, **options: Any) -> None:
    try:
        with path.open("wb") as file:  # by a name torch would write it into the file
            torch.save(content, file, **options)
    except RuntimeError as error:
        if "inline_container" not in str(error):
            raise
        raise OSError(
            f"The model cannot be written to {str(path.parent)!r} as a whole: the disk is full, or files have a limit. "
            "Nothing is left of it; make room, or name another folder."
        ) from error


def _write_data(adata: AnnData, path: Path, **options: Any) -> None:
    backing = adata.file.filename
    try:
        adata.write_h5ad(path, **options)
    except OSError as error:
        raise OSError(f"The data cannot be written to {str(path.parent)!r} ({_reason(error)}). Make room.") from error
    except Exception as error:  # of any kind, by what is in it
        where = " ".join(line for note in getattr(error, "__notes__", []) for line in note.splitlines() if line)
        raise ValueError(
            f"The data cannot be saved ({_reason(error)}{f'; {where}' if where else ''}). Take that out of adata, or "
            "leave save_anndata= out."
        ) from error
    finally:
        adata.file.filename = backing  # of data on disk anndata makes it the new file, whose name is about to change


def _file(folder: Path, prefix: str | None, name: str) -> Path:
    return folder / f"{prefix or ''}{name}"


def _unusable(path: Path, error: Exception) -> str:
    return f"{path} is damaged, or no model that infosem saved ({_reason(error)}). Save it again where it was trained."


def _reason(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
