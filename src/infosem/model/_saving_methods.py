"""Methods that save and load models."""

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
    """Methods ``save`` and ``load`` of scvi-tools, with files of plain data, so that opening one cannot run code."""

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
        """Save the parameters, settings, genes and training history of the model to a folder, as plain data.

        Parameters
        ----------
        dir_path
            Path of the folder.
        prefix
            Prefix of the file names.
        overwrite
            Whether the folder may exist. A model with the same prefix is replaced once the new one is written.
        save_anndata
            Whether to save the data too, so that :meth:`load` does not need them.
        save_kwargs
            Keyword arguments of :func:`torch.save`.
        legacy_mudata_format, datamodule
            Arguments of scvi-tools, which have no effect.
        **anndata_write_kwargs
            Keyword arguments of :meth:`anndata.AnnData.write_h5ad`.

        Raises
        ------
        OSError
            If the files cannot be written.
        ValueError
            If the folder exists and ``overwrite`` is false, or if the data are to be saved and there are none or they
            contain objects that AnnData cannot write.
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
            # the file of the model is put in place last, so that it never lacks its data
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
        """Load a model that :meth:`save` wrote. Files are read as data, so that loading one cannot run code.

        Parameters
        ----------
        dir_path
            Path of the folder.
        adata
            Cells to use with the model, which are the training cells or other cells with the same genes. ``None`` reads
            the data that were saved with the model. ``False`` loads the model without data.
        accelerator, device
            See Lightning's ``Trainer``.
        prefix
            Prefix of the file names.
        backup_url
            Address to download the file of the model from if it is not in the folder.
        datamodule
            Argument of scvi-tools, which has no effect.
        allowed_classes_names_list
            Names of other classes whose models may be loaded.
        trust
            Whether to open a file that holds objects, as infosem's first versions wrote them. **This runs any code that
            the author of the file put into it.** It is no longer needed once the model is saved again.

        Raises
        ------
        FileNotFoundError
            If the folder contains no model.
        TypeError
            If ``adata`` is not an AnnData, ``None`` or ``False``.
        ValueError
            If the file is damaged, contains a model of another class, or holds objects and is not trusted, or if
            ``adata`` has other genes.
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
        """Return the registry of a saved model, which describes its data; see :meth:`load` for ``trust``."""
        return read_model(Path(dir_path), prefix, trust).registry

    @staticmethod
    def view_setup_args(dir_path: str | Path, prefix: str | None = None, *, trust: bool = False) -> None:
        """Print the call of ``setup_anndata`` that a saved model was made with; see :meth:`load` for ``trust``."""
        saved = read_model(Path(dir_path), prefix, trust)
        arguments = "".join(f", {name}={value!r}" for name, value in saved.setup.items())
        print(f"{saved.class_name}.setup_anndata(adata{arguments})")

    @classmethod
    def convert_legacy_save(cls, *_: Any, **__: Any) -> None:
        """Raise an error. The format of scvi-tools before version 0.15 was never used by infosem."""
        raise NotImplementedError(
            f"{cls.__name__} has no files of that format. If you trust the source of a file that infosem's first "
            f"versions wrote, convert it by {cls.__name__}.load(folder, trust=True) and model.save(...)."
        )
