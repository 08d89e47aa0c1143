"""AnnData fields with an entry for each cell: batch, covariates, size and group, as in scvi-tools."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scvi import REGISTRY_KEYS
from scvi.data.fields import (
    BaseAnnDataField,
    CategoricalJointObsField,
    CategoricalObsField,
    NumericalJointObsField,
    NumericalObsField,
)

from infosem.data._cell_columns import (
    require_categories,
    require_few_categories,
    require_known,
    require_numbers,
)
from infosem.data._names import listed

logger = logging.getLogger(__name__)

GROUP_FIELD = "group"

_FEW_CELLS, _FEW_CELLS_OF_A_GROUP = 5, 20
"""Batches and groups with fewer cells are named in a warning."""

_AGAIN = "Call InfoSEM.setup_anndata(adata) again, and make a new model."


class BatchField(CategoricalObsField):
    """Batch of each cell, a column of ``obs``."""

    argument = "batch_key"

    def __init__(self, registry_key: str, key: str) -> None:
        super().__init__(registry_key, key)
        self.key = key

    @property
    def columns(self) -> list[str]:
        """Columns of ``obs`` that the field reads."""
        return [self.key]

    def validate_field(self, adata: AnnData) -> None:
        """Check that every cell has a category."""
        require_categories(adata, self.key, self.argument)
        super().validate_field(adata)

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Register the categories, and the number of cells of each."""
        with _our_warnings():
            state: dict[str, Any] = super().register_field(adata)
        sizes = self._sizes(adata, state)
        self._describe(adata, sizes)
        return {**state, "n_cells": sizes.to_numpy()}

    def transfer_field(self, state_registry: dict[str, Any], adata_target: AnnData, **kwargs: Any) -> dict[str, Any]:
        """Use the categories of the training cells for other cells."""
        self.validate_field(adata_target)
        known = state_registry[self.CATEGORICAL_MAPPING_KEY]
        require_known(adata_target, self.key, known)
        with _our_warnings():
            state = super().transfer_field(state_registry, adata_target, **kwargs)
        return {**state_registry, **state}

    def require_unchanged(self, state_registry: dict[str, Any], adata: AnnData) -> None:
        """Raise a :class:`ValueError` if the categories have changed since registration.

        The codes that scvi-tools keeps in ``obs`` are written again, because they may be those of another model.
        """
        self.transfer_field(state_registry, adata)
        if (self._sizes(adata, state_registry).to_numpy() != state_registry["n_cells"]).any():
            raise ValueError(f"adata.obs[{self.key!r}] has changed since setup_anndata. {_AGAIN}")

    def _sizes(self, adata: AnnData, state: dict[str, Any]) -> pd.Series:
        names = state[self.CATEGORICAL_MAPPING_KEY]
        codes = adata.obs[self.attr_key].to_numpy()
        return pd.Series(np.bincount(codes, minlength=len(names)), index=list(map(str, names)))

    def _describe(self, adata: AnnData, sizes: pd.Series) -> None:
        require_few_categories(adata, self.key, self.argument)
        if (sizes > 0).sum() == 1:
            logger.info("All cells are of one batch, %r: nothing to correct.", sizes.index[sizes > 0][0])
        self._warn_of_few_cells(
            sizes[sizes > 0],
            _FEW_CELLS,
            "%d of %d batches of adata.obs[%r] have fewer than %d cells, which tell little of the network, "
            "since the differences between batches are taken out: %s. Merge them, or leave them out.",
        )

    def _warn_of_few_cells(self, sizes: pd.Series, fewest: int, message: str) -> None:
        small = sizes[sizes < fewest]
        if len(small):
            logger.warning(message, len(small), len(sizes), self.key, fewest, listed(small.index))


class GroupField(BatchField):
    """Group of each cell, such as its cell type, a column of ``obs``."""

    argument = "group_key"

    def _describe(self, adata: AnnData, sizes: pd.Series) -> None:
        sizes = sizes[sizes > 0]
        if (sizes < 2).all():
            raise ValueError(f"Every group of group_key={self.key!r} has a single cell. Name a column of cell types.")
        self._warn_of_few_cells(
            sizes,
            _FEW_CELLS_OF_A_GROUP,
            "%d of %d groups of adata.obs[%r] have fewer than %d cells: %s. Their networks hardly differ from the "
            "shared one. Merge them with similar groups, or leave them out.",
        )
        logger.info("Groups of adata.obs[%r]: %s.", self.key, ", ".join(f"{g} ({n})" for g, n in sizes.items()))


class CategoricalCovariatesField(CategoricalJointObsField):
    """Categorical covariates of each cell, columns of ``obs``."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__(REGISTRY_KEYS.CAT_COVS_KEY, keys)
        self.columns = keys

    def validate_field(self, adata: AnnData) -> None:
        """Check that every cell has a category of each covariate."""
        for key in self.columns:
            require_categories(adata, key, "categorical_covariate_keys")
        super().validate_field(adata)

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Register the categories."""
        for key in self.columns:
            require_few_categories(adata, key, "categorical_covariate_keys")
        with _our_warnings():
            state: dict[str, Any] = super().register_field(adata)
        return state

    def transfer_field(self, state_registry: dict[str, Any], adata_target: AnnData, **kwargs: Any) -> dict[str, Any]:
        """Use the categories of the training cells for other cells."""
        self.validate_field(adata_target)
        for key in self.columns:
            require_known(adata_target, key, state_registry[self.MAPPINGS_KEY][key])
        with _our_warnings():
            state: dict[str, Any] = super().transfer_field(state_registry, adata_target, **kwargs)
        return state

    def require_unchanged(self, state_registry: dict[str, Any], adata: AnnData) -> None:
        """Write the codes again, because those in ``obsm`` may be of another model."""
        self.transfer_field(state_registry, adata)


class ContinuousCovariatesField(NumericalJointObsField):
    """Continuous covariates of each cell, columns of ``obs``."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__(REGISTRY_KEYS.CONT_COVS_KEY, keys)
        self.columns = keys

    def validate_field(self, adata: AnnData) -> None:
        """Check that the covariates are finite numbers."""
        for key in self.columns:
            require_numbers(adata, key, "continuous_covariate_keys", hint="categorical_covariate_keys= takes names.")
        super().validate_field(adata)

    def require_unchanged(self, state_registry: dict[str, Any], adata: AnnData) -> None:
        """Write the values again, because those in ``obsm`` may be of another model."""
        self.transfer_field(state_registry, adata)


class SizeFactorField(NumericalObsField):
    """Size of each cell, such as its total count over all genes, a column of ``obs``."""

    def __init__(self, key: str) -> None:
        super().__init__(REGISTRY_KEYS.SIZE_FACTOR_KEY, key)
        self.columns = [key]

    def validate_field(self, adata: AnnData) -> None:
        """Check that the sizes are positive numbers."""
        (key,) = self.columns
        values = require_numbers(adata, key, "size_factor_key")
        if (values <= 0).any():
            raise ValueError(
                f"adata.obs[{key!r}] is zero or negative for {(values <= 0).sum()} of {len(values)} cells; "
                f"sizes must be positive. Leave these cells out: adata = adata[adata.obs[{key!r}] > 0].copy()."
            )
        super().validate_field(adata)

    def require_unchanged(self, state_registry: dict[str, Any], adata: AnnData) -> None:
        """Check that the sizes are still there."""
        self.validate_field(adata)


CellField = BatchField | CategoricalCovariatesField | ContinuousCovariatesField | SizeFactorField


def cell_fields(
    *,
    batch_key: str | None,
    categorical_covariate_keys: Sequence[str] | None,
    continuous_covariate_keys: Sequence[str] | None,
    size_factor_key: str | None,
    group_key: str | None,
) -> list[BaseAnnDataField]:
    """Return the fields of the keys that are given."""
    fields: list[BaseAnnDataField] = []
    if batch_key is not None:
        fields.append(BatchField(REGISTRY_KEYS.BATCH_KEY, batch_key))
    if categorical_covariate_keys:
        fields.append(CategoricalCovariatesField(list(categorical_covariate_keys)))
    if continuous_covariate_keys:
        fields.append(ContinuousCovariatesField(list(continuous_covariate_keys)))
    if size_factor_key is not None:
        fields.append(SizeFactorField(size_factor_key))
    if group_key is not None:
        fields.append(GroupField(GROUP_FIELD, group_key))
    return fields


@contextmanager
def _our_warnings() -> Iterator[None]:
    """Leave out the warning of scvi-tools about categories of fewer than three cells, whose reasons we check."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Category .* has fewer than 3 cells")
        yield
