"""Models on disk: the methods that save and load."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from reprlib import repr as shown
from typing import Any, Literal, Self

import pooch
from anndata import AnnData

from infosem.data._arguments import truth_value
from infosem.data._scvi import parse_device_args
from infosem.files._atomic import replacing
from infosem.model._base import NetworkModel
from infosem.model._saved_file import (
    content_of,
    data_name,
    model_name,
    read_data,
    read_model,
    unusable,
    write_data,
    write_model,
)


class SavingMethods(NetworkModel):
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
        content = content_of(self.module.state_dict(), self.gene_names, dict(self._get_user_attributes()))
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            # the model takes its place last: where it is, the data are
            with replacing(folder / model_name(prefix)) as model, ExitStack() as before:
                write_model(content, model, **(save_kwargs or {}))
                if save_anndata:
                    data = before.enter_context(replacing(folder / data_name(prefix)))
                    write_data(self.adata, data, **anndata_write_kwargs)
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
            pooch.retrieve(backup_url, known_hash=None, fname=model_name(prefix), path=folder)
        saved = read_model(folder, prefix, trust)
        if saved.class_name not in (cls.__name__, *(allowed_classes_names_list or [])):
            raise ValueError(f"{saved.path} holds a model of the class {saved.class_name}, not {cls.__name__}.")
        if adata is None:
            adata = read_data(folder, prefix)
        cells = adata if isinstance(adata, AnnData) else None
        if cells is not None:
            cls.setup_anndata(cells, source_registry=saved.registry, **saved.setup)
        try:
            model = cls(cells, registry=saved.registry, facts=saved.facts, **saved.arguments)
            model.module.load_state_dict(saved.parameters)
        except (AttributeError, KeyError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(unusable(saved.path, error)) from error
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
        return read_model(Path(dir_path), prefix, trust).registry

    @staticmethod
    def view_setup_args(dir_path: str | Path, prefix: str | None = None, *, trust: bool = False) -> None:
        """Print the call of ``setup_anndata`` that a saved model was made with; ``trust`` as for :meth:`load`."""
        saved = read_model(Path(dir_path), prefix, trust)
        arguments = "".join(f", {name}={value!r}" for name, value in saved.setup.items())
        print(f"{saved.class_name}.setup_anndata(adata{arguments})")

    @classmethod
    def convert_legacy_save(cls, *_: Any, **__: Any) -> None:
        """Of scvi-tools, for files from before its version 0.15, which no model of infosem has."""
        raise NotImplementedError(
            f"{cls.__name__} has no files of that format. What infosem's first versions wrote is converted by "
            f"{cls.__name__}.load(folder, trust=True) and model.save(...), if you trust where it comes from."
        )
