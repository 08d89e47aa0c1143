"""The files of a saved model: tensors and plain data, which cannot run code."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shown
from typing import Any

import anndata
import torch
from anndata import AnnData
from torch import Tensor

from infosem.model._plain import from_plain, to_plain
from infosem.scores import EdgeFacts

_FORMAT_KEY, _FORMAT = "infosem_format", 2
_PARAMETERS, _GENES, _ATTRIBUTES = "model_state_dict", "var_names", "attr_dict"
"""Keys of scvi-tools."""

_OF_FIRST_VERSIONS = re.compile(r"(infosem|numpy|pandas|collections)\..+|builtins\.(bytes|dict|list|set|slice|tuple)")
"""Objects that they pickled."""
_ATTRIBUTE = re.compile(r"[a-zA-Z]\w*_")
"""Of a model, that is saved."""


def model_name(prefix: str | None) -> str:
    """Name of the file of the model, as scvi-tools has it."""
    return f"{prefix or ''}model.pt"


def data_name(prefix: str | None) -> str:
    """Name of the file of the data, as scvi-tools has it."""
    return f"{prefix or ''}adata.h5ad"


def content_of(
    parameters: Mapping[str, Tensor], gene_names: list[str], attributes: Mapping[str, Any]
) -> dict[str, Any]:
    """What the file of a model holds: its tensors, its genes, and those of its attributes that end in an underscore."""
    kept = {name: value for name, value in attributes.items() if _ATTRIBUTE.fullmatch(name)}
    return {
        _FORMAT_KEY: _FORMAT,
        _PARAMETERS: to_plain(dict(parameters), "module"),
        _GENES: gene_names,
        _ATTRIBUTES: to_plain(kept, "model"),
    }


@dataclass(frozen=True)
class SavedModel:
    """The content of a file: arguments of ``setup_anndata`` and of the model, and what it has besides."""

    path: Path
    parameters: dict[str, Tensor]
    facts: EdgeFacts
    registry: dict[str, Any]
    setup: dict[str, Any]
    arguments: dict[str, Any]
    attributes: dict[str, Any]

    @property
    def class_name(self) -> str:
        return str(self.registry.get("model_name"))


def read_model(folder: Path, prefix: str | None, trust: bool) -> SavedModel:
    """Read the file of a model; arguments and errors as of :meth:`infosem.InfoSEM.load`."""
    path = folder / model_name(prefix)
    if not path.is_file():
        there = sorted(file.name for file in folder.glob("*.pt")) if folder.is_dir() else []
        raise FileNotFoundError(
            f"There is no saved model {str(path)!r}: name the folder that model.save() wrote"
            f"{f', and the prefix= of {listed}' if (listed := ', '.join(there)) else ''}."
        )
    content = _content(path, trust)
    if isinstance(content, dict) and isinstance(newer := content.get(_FORMAT_KEY), int) and newer > _FORMAT:
        raise ValueError(f"{path} was written by a newer version of infosem (format {newer}). Update infosem.")
    if isinstance(content, dict) and content.get(_FORMAT_KEY) == 1:
        raise ValueError(f"{path} was written before infosem's first release (format 1). Train the model again.")
    try:
        attributes = from_plain(content[_ATTRIBUTES])
        parameters = dict(content[_PARAMETERS])
        parameters.pop("pyro_param_store", None)  # of scvi-tools
        registry, arguments = attributes.pop("registry_"), attributes.pop("init_params_")
        if odd := [name for name in attributes if not _ATTRIBUTE.fullmatch(name)]:
            raise ValueError(f"no attributes of a model: {', '.join(map(shown, odd))}")
        return SavedModel(
            path=path,
            parameters=parameters,
            facts=attributes["edge_facts_"],
            registry={**registry},
            setup={**registry["setup_args"]},
            arguments={**arguments["non_kwargs"]},
            attributes=attributes,
        )
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(unusable(path, error)) from error


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
            raise ValueError(unusable(path, error)) from error
        if not trust:
            raise ValueError(f"{path} {_what_it_is(objects)}") from error
    except Exception as error:  # of any kind, from bytes that somebody may have chosen
        raise ValueError(unusable(path, error)) from error
    try:
        return torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # of any kind: it runs code that is not infosem's
        raise ValueError(unusable(path, error)) from error


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


def read_data(folder: Path, prefix: str | None) -> AnnData | None:
    """Read the data that were saved with a model; ``None``, with a warning, if there are none."""
    path = folder / data_name(prefix)
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


def write_model(content: dict[str, Any], path: Path, **options: Any) -> None:
    """Write the file of a model; raises an :class:`OSError` if the file system does not take it."""
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


def write_data(adata: AnnData, path: Path, **options: Any) -> None:
    """Write the data of a model; raises an error that says what in them cannot be written."""
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


def unusable(path: Path, error: Exception) -> str:
    """Say that a file holds no model that can be used, and why."""
    return f"{path} is damaged, or no model that infosem saved ({_reason(error)}). Save it again where it was trained."


def _reason(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
