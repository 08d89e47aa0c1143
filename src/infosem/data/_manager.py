"""Registry of the AnnData fields, which keeps fields of genes out of the minibatches of cells."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from anndata import AnnData
from scvi import REGISTRY_KEYS
from scvi.data import AnnDataManager, AnnTorchDataset
from scvi.data.fields import BaseAnnDataField
from torch.utils.data import Dataset

from infosem.data._blocks import gene_means, is_in_memory
from infosem.data._cell_fields import GROUP_FIELD, CellField, GroupField
from infosem.data._cells import RegisteredCells
from infosem.data._gene_fields import REGULATOR_FIELD, GeneField

logger = logging.getLogger(__name__)


def state_of(registry: dict[str, Any], field: str) -> dict[str, Any]:
    """Return the state that a field saved at registration."""
    return registry["field_registries"][field]["state_registry"]


def gene_names(registry: dict[str, Any]) -> list[str]:
    """Return the names of the genes, in the order of the registered data."""
    return [str(name) for name in state_of(registry, REGISTRY_KEYS.X_KEY)["column_names"]]


def regulators(registry: dict[str, Any]) -> np.ndarray:
    """Return the columns of the regulators among the genes, ``(R,)``, which are all columns without a mask."""
    everyone = np.arange(len(state_of(registry, REGISTRY_KEYS.X_KEY)["column_names"]))
    return np.asarray(state_of(registry, REGULATOR_FIELD).get("columns", everyone))


def group_names(registry: dict[str, Any]) -> list[str]:
    """Return the names of the registered groups of cells, which are none without groups."""
    if GROUP_FIELD not in registry["field_registries"]:
        return []
    return [str(name) for name in state_of(registry, GROUP_FIELD)[GroupField.CATEGORICAL_MAPPING_KEY]]


class GeneAlignedManager(AnnDataManager):
    """Manager whose minibatches contain only fields of the cells.

    scvi-tools slices every registered field by cell, which fails for fields with a row per gene.
    """

    absent: Sequence[tuple[str, str]] = ()
    """Attribute and key of the entries that ``"auto"`` would use, but that did not exist at registration."""
    is_transferred = False
    """Whether the registry comes from other data, those of a saved or trained model."""
    _means: np.ndarray | None = None

    def register_fields(
        self, adata: AnnData, source_registry: dict[str, Any] | None = None, **transfer_kwargs: Any
    ) -> None:
        """Register the data, and save the means of the genes if the registry comes from other data."""
        self.is_transferred = source_registry is not None
        super().register_fields(adata, source_registry, **transfer_kwargs)
        x = self.get_from_registry(REGISTRY_KEYS.X_KEY)
        self._means = gene_means(x) if self.is_transferred and is_in_memory(x) else None

    def field(self, registry_key: str) -> Any:
        """Return the registered field with this key."""
        return next(field for field in self.fields if field.registry_key == registry_key)

    def validate(self) -> None:
        """Check that the cells have not changed since registration.

        scvi-tools registers the cells again if another model was set up on them meanwhile. This model would then get
        the regulators of the other one. It is correct only if the registry comes from other data, which then provide
        the genes and regulators.
        """
        if self.is_transferred:
            super().validate()
        else:
            self._assert_anndata_registered()
            self._require_expression_unchanged(files=False)
            self._require_cell_fields_unchanged()

    def require_cells_unchanged(self) -> None:
        """Raise a :class:`ValueError` if the cells, also those of other data, have changed since registration."""
        self.validate()
        if self._means is not None:
            field = self.field(REGISTRY_KEYS.X_KEY)
            field.require_means(gene_means(self.get_from_registry(REGISTRY_KEYS.X_KEY)), self._means)

    def require_unchanged(self) -> None:
        """Raise a :class:`ValueError` if registered data have changed, and warn about entries that were added later."""
        if self.is_transferred:
            return
        for attribute, key in self.absent:
            if key in getattr(self.adata, attribute):
                logger.warning(
                    "adata.%s[%r] was written after setup_anndata, and is not used. Call InfoSEM.setup_anndata(adata) "
                    "again to use it.",
                    attribute,
                    key,
                )
        self._require_expression_unchanged(files=True)
        self._require_cell_fields_unchanged()
        for field in self.fields:
            if isinstance(field, GeneField) and not field.is_empty:
                field.require_unchanged(self._state_of(field), self.adata)

    def _require_expression_unchanged(self, *, files: bool) -> None:
        field = self.field(REGISTRY_KEYS.X_KEY)
        field.require_unchanged(self._state_of(field), self.adata, files=files)

    def _require_cell_fields_unchanged(self) -> None:
        for field in self.fields:
            if isinstance(field, CellField):
                field.require_unchanged(self._state_of(field), self.adata)

    def _state_of(self, field: BaseAnnDataField) -> dict[str, Any]:
        return state_of(self.registry, field.registry_key)

    @property
    def cells(self) -> RegisteredCells:
        """The registered cells."""
        of_cells = {key: np.array(self.get_from_registry(key)) for key in self._keys_in("obs", "obsm")}
        return RegisteredCells(
            self.get_from_registry(REGISTRY_KEYS.X_KEY),
            state_of(self.registry, REGISTRY_KEYS.X_KEY)["normalisation"],
            {key: values.reshape(len(values), -1) for key, values in of_cells.items()},
        )

    @property
    def cell_columns(self) -> list[str]:
        """Columns of ``obs`` that are registered."""
        return [column for field in self.fields if isinstance(field, CellField) for column in field.columns]

    def _keys_in(self, *attributes: str) -> list[str]:
        """Return the registry keys of the entries in these attributes of AnnData."""
        return [key for key, location in self.data_registry.items() if location["attr_name"] in attributes]

    def create_torch_dataset(
        self,
        indices: Any = None,
        data_and_attributes: Any = None,
        load_sparse_tensor: bool = False,
    ) -> AnnTorchDataset | Dataset:
        """Return the data set of the cells, by default with the fields in ``X``, ``layers``, ``obs`` and ``obsm``."""
        if data_and_attributes is None:
            data_and_attributes = self._keys_in("X", "layers", "obs", "obsm")
        return super().create_torch_dataset(indices, data_and_attributes, load_sparse_tensor)
