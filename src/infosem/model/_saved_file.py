"""Files of a saved model, which hold tensors and plain data only, so that opening them cannot run code."""

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

from infosem.data._settings import UnknownSettingsError
from infosem.model._plain import from_plain, to_plain
from infosem.scores import EdgeFacts

_FORMAT_KEY, _FORMAT = "infosem_format", 3
_PARAMETERS, _GENES, _ATTRIBUTES = "model_state_dict", "var_names", "attr_dict"
"""Keys that scvi-tools uses."""

_OF_FIRST_VERSIONS = re.compile(
    r"(infosem|numpy|pandas|pyarrow|collections)\..+|builtins\.(bytes|dict|list|set|slice|tuple)"
)
"""Objects that the first versions pickled."""
_ATTRIBUTE = re.compile(r"[a-zA-Z]\w*_")
"""Attributes of a model that are saved."""


def model_name(prefix: str | None) -> str:
    """Return the name of the file of the model, as in scvi-tools."""
    return f"{prefix or ''}model.pt"


def data_name(prefix: str | None) -> str:
    """Return the name of the file of the data, as in scvi-tools."""
    return f"{prefix or ''}adata.h5ad"


def content_of(
    parameters: Mapping[str, Tensor], gene_names: list[str], attributes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the content of the file of a model: tensors, gene names, and attributes that end in an underscore."""
    kept = {name: value for name, value in attributes.items() if _ATTRIBUTE.fullmatch(name)}
    return {
        _FORMAT_KEY: _FORMAT,
        _PARAMETERS: to_plain(dict(parameters), "module"),
        _GENES: gene_names,
        _ATTRIBUTES: to_plain(kept, "model"),
    }


@dataclass(frozen=True)
class SavedModel:
    """Content of the file of a model, with the arguments of ``setup_anndata`` and of the model."""

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
    """Read the file of a model; see :meth:`infosem.InfoSEM.load` for arguments and errors."""
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
    if isinstance(content, dict) and content.get(_FORMAT_KEY) in (1, 2):
        raise ValueError(
            f"{path} was written before infosem's first release (format {content[_FORMAT_KEY]}). Train the model again."
        )
    try:
        attributes = from_plain(content[_ATTRIBUTES])
        parameters = dict(content[_PARAMETERS])
        parameters.pop("pyro_param_store", None)  # added by scvi-tools
        registry, arguments = attributes.pop("registry_"), attributes.pop("init_params_")
        if odd := [name for name in attributes if not _ATTRIBUTE.fullmatch(name)]:
            raise ValueError(f"these are not attributes of a model: {', '.join(map(shown, odd))}")
        return SavedModel(
            path=path,
            parameters=parameters,
            facts=attributes["edge_facts_"],
            registry={**registry},
            setup={**registry["setup_args"]},
            arguments={**arguments["non_kwargs"]},
            attributes=attributes,
        )
    except UnknownSettingsError as error:
        raise ValueError(f"{path} cannot be loaded here: {error}.") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(unusable(path, error)) from error


def _content(path: Path, trust: bool) -> Any:
    try:
        # torch does not verify checksums, so that damaged numbers would go unnoticed
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
    except Exception as error:  # a damaged or malicious file can cause any error
        raise ValueError(unusable(path, error)) from error
    try:
        return torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # loading runs foreign code, which can cause any error
        raise ValueError(unusable(path, error)) from error


def _objects(path: Path) -> list[str]:
    """Return the names of objects in a file that are not plain data, without running them. Empty for other files."""
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # a damaged or malicious file can cause any error
        return []


def _what_it_is(objects: list[str]) -> str:
    """Describe a file with objects, and how it can be used."""
    foreign = [name for name in objects if not _OF_FIRST_VERSIONS.fullmatch(name)]
    ours = not foreign and any(name.startswith("infosem.") for name in objects)
    told = objects if ours else foreign or objects
    listed = f"holds objects ({', '.join(told[:5])}{', ...' if len(told) > 5 else ''})"
    if ours:
        return (
            f"{listed}, as infosem's first versions wrote them: opening it would run code that its author chose. If "
            "you trust its source, open it by load(..., trust=True) and save it again, which removes them."
        )
    return (
        f"{listed} that no version of infosem wrote: it is another program's, such as a model of scvi-tools, or was "
        "changed, and opening it would run code that its author chose. Name the folder that InfoSEM's save() wrote."
    )


def read_data(folder: Path, prefix: str | None) -> AnnData | None:
    """Read the data that were saved with a model. If there are none, warn and return ``None``."""
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
            f"{path} cannot be read as an AnnData ({_reason(error)}). Pass the cells, load(..., adata=adata), or "
            "adata=False for none."
        ) from error


def write_model(content: dict[str, Any], path: Path, **options: Any) -> None:
    """Write the file of a model; raise an :class:`OSError` if it cannot be written."""
    try:
        with path.open("wb") as file:  # given a path, torch would write its name into the file
            torch.save(content, file, **options)
    except RuntimeError as error:
        if "inline_container" not in str(error):
            raise
        raise OSError(
            f"The model cannot be written to {str(path.parent)!r} as a whole: the disk is full, or the size of files "
            "is limited. No file was left behind. Free some space, or name another folder."
        ) from error


def write_data(adata: AnnData, path: Path, **options: Any) -> None:
    """Write the data of a model; raise an error that names what cannot be written."""
    backing = adata.file.filename
    try:
        adata.write_h5ad(path, **options)
    except OSError as error:
        raise OSError(
            f"The data cannot be written to {str(path.parent)!r} ({_reason(error)}). Free some space."
        ) from error
    except Exception as error:  # the content of the data can cause any error
        where = " ".join(line for note in getattr(error, "__notes__", []) for line in note.splitlines() if line)
        raise ValueError(
            f"The data cannot be saved ({_reason(error)}{f'; {where}' if where else ''}). Take that out of adata, or "
            "leave save_anndata= out."
        ) from error
    finally:
        adata.file.filename = backing  # anndata points data on disk to the new file, which is about to be renamed


def unusable(path: Path, error: Exception) -> str:
    """Return the message for a file that cannot be used as a model, with the reason."""
    return f"{path} is damaged, or was not saved by infosem ({_reason(error)}). Save it again where it was trained."


def _reason(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
