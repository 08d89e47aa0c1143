"""AnnData field of the expression, counts or log-normalised."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scvi import REGISTRY_KEYS
from scvi.data.fields import LayerField

from infosem.data._blocks import blocks_of_cells, gene_means, is_in_memory
from infosem.data._cells import RegisteredCells
from infosem.data._checks import require_gene_names, require_key, require_unique_genes
from infosem.data._counts import LogNormalisation, fit_normalisation
from infosem.data._expression import check_expression, summarise_expression

logger = logging.getLogger(__name__)

_AGAIN = "Call InfoSEM.setup_anndata(adata) again, and make a new model."


class ExpressionField(LayerField):
    """AnnData field of counts or log-normalised expression, which is checked but never changed.

    The state registry holds the normalisation of counts and the statistics
    (:class:`~infosem.data._expression.ExpressionSummary`), so that other cells are standardised like the training
    cells. Other cells must have the same genes in the same order.

    Parameters
    ----------
    layer
        Layer of the expression, or ``None`` for ``X``.
    strata_keys
        Columns of ``obs`` with the batch and the group of each cell.

    Attributes
    ----------
    size_factor_key
        Column of ``obs`` with the size of each cell, which :func:`infosem.data._registration.resolve_size_factor` sets.
    """

    size_factor_key: str | None = None
    _checked: bool | None = None

    def __init__(self, layer: str | None, *, strata_keys: Sequence[str] = ()) -> None:
        super().__init__(REGISTRY_KEYS.X_KEY, layer, is_count_data=False, correct_data_format=False)
        self.strata_keys = list(strata_keys)

    def holds_counts(self, adata: AnnData) -> bool:
        """Check the expression, and return whether it holds counts. The data to register are read once."""
        if self._checked is None:
            self.validate_field(adata)
            self._checked = check_expression(self.get_field_data(adata), name=self.name)
        return self._checked

    @property
    def name(self) -> str:
        """Name of the expression in messages."""
        return "adata.X" if self.attr_key is None else f"adata.layers[{self.attr_key!r}]"

    def validate_field(self, adata: AnnData) -> None:
        """Check that gene names are unique and the layer exists."""
        if self.attr_key is not None:
            require_key(adata, "layers", self.attr_key, hint="Pass layer= with counts or log-normalised values.")
        elif adata.X is None:
            raise ValueError("adata.X is empty. Pass layer= with counts or log-normalised values.")
        require_gene_names(adata)
        require_unique_genes(adata)
        self._require_numbers(self.get_field_data(adata))

    def _require_numbers(self, x: Any) -> None:
        """Raise a :class:`ValueError` if the expression is not an array of real numbers."""
        if isinstance(x, np.ma.MaskedArray):
            raise ValueError(
                f"{self.name} is a masked array. Say what its masked entries are, for instance zero: "
                f"{self.name} = {self.name}.filled(0)."
            )
        if np.dtype(x.dtype).kind not in "biuf":
            raise ValueError(
                f"{self.name} is of the type {x.dtype}; expected real numbers: {self.name} = "
                f"{self.name}.astype('float32')."
            )

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Check and summarise the expression."""
        state: dict[str, Any] = super().register_field(adata)
        x, sizes = self.get_field_data(adata), self._sizes(adata)
        counts = self.holds_counts(adata)
        state["normalisation"] = self._normalisation(x, sizes.get(REGISTRY_KEYS.SIZE_FACTOR_KEY)) if counts else None
        cells = RegisteredCells(x, state["normalisation"], sizes)
        stratum = np.zeros(adata.n_obs, dtype=np.int64)
        if self.strata_keys:
            stratum = adata.obs.groupby(self.strata_keys, observed=True).ngroup().to_numpy()
        state["summary"] = summarise_expression(cells.normalised, adata.n_vars, stratum=stratum, name=self.name)
        state["means"] = gene_means(x) if counts else state["summary"].all_values.mean
        return state

    def _sizes(self, adata: AnnData) -> dict[str, np.ndarray]:
        if self.size_factor_key is None:
            return {}
        return {REGISTRY_KEYS.SIZE_FACTOR_KEY: adata.obs[self.size_factor_key].to_numpy(dtype=np.float64)[:, None]}

    def _normalisation(self, counts: Any, sizes: np.ndarray | None) -> LogNormalisation:
        """Fit the normalisation of counts."""
        what = f"the counts of the {counts.shape[1]} genes"
        if sizes is not None:
            what = f"adata.obs[{self.size_factor_key!r}]"
        logger.info("%s holds counts. They are normalised by %s.", self.name, what)
        return fit_normalisation(partial(blocks_of_cells, counts), sizes)

    def transfer_field(self, state_registry: dict[str, Any], adata_target: AnnData, **_: object) -> dict[str, Any]:
        """Use the statistics of the training cells for other cells with the same genes."""
        self.validate_field(adata_target)
        expected, found = (pd.Index(list(n)) for n in (state_registry[self.COLUMN_NAMES_KEY], adata_target.var_names))
        missing = expected.difference(found, sort=False)
        if len(missing):
            raise ValueError(
                f"{len(missing)} of the model's {len(expected)} genes are missing from this AnnData "
                f"({', '.join(map(str, missing[:5]))}). Pass data with all genes that the model was trained on."
            )
        extra = found.difference(expected, sort=False)
        if len(extra):
            raise ValueError(
                f"This AnnData has {len(extra)} genes that the model does not know ({', '.join(map(str, extra[:5]))}). "
                "Leave them out: adata = adata[:, model.gene_names].copy()."
            )
        if not expected.equals(found):
            raise ValueError(
                f"The genes of this AnnData ({len(found)}) are not in the order of the model's {len(expected)} genes. "
                "Reorder them: adata = adata[:, model.gene_names].copy()."
            )
        holds_counts = check_expression(self.get_field_data(adata_target), name=self.name)
        if not holds_counts and state_registry["normalisation"] is not None:
            raise ValueError(
                f"{self.name} does not hold counts, and the model was trained on counts. Put them there, under the "
                "same name."
            )
        return {**state_registry, self.N_OBS_KEY: adata_target.n_obs}

    def require_unchanged(self, state_registry: dict[str, Any], adata: AnnData, *, files: bool) -> None:
        """Raise a :class:`ValueError` if genes, cells or values have changed since registration.

        Values are compared by the mean of each gene. Values in a file are compared only with ``files``, because this
        takes a pass over the file.
        """
        names, n_cells = state_registry[self.COLUMN_NAMES_KEY], state_registry[self.N_OBS_KEY]
        if adata.shape != (n_cells, len(names)):
            raise ValueError(
                f"adata has {adata.n_obs} cells and {adata.n_vars} genes, and had {n_cells} and {len(names)} when it "
                f"was set up: cells or genes were removed. {_AGAIN}"
            )
        if list(adata.var_names) != list(names):
            raise ValueError(
                f"The genes of adata have other names, or another order, than when it was set up. {_AGAIN}"
            )
        self.validate_field(adata)
        x = self.get_field_data(adata)
        if not (files or is_in_memory(x)):
            return
        self.require_means(gene_means(x), state_registry["means"])

    def require_means(self, found: np.ndarray, expected: np.ndarray) -> None:
        """Raise a :class:`ValueError` if the means of genes have changed since registration."""
        changed = ~np.isclose(found, expected, rtol=1e-4, atol=1e-6)
        if changed.any():
            raise ValueError(
                f"{self.name} has changed since setup_anndata: {changed.sum()} of {len(changed)} genes have another "
                f"mean. Was it normalised or scaled meanwhile? {_AGAIN}"
            )
