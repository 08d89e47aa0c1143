"""AnnData fields of the model, and the manager that keeps gene-aligned fields out of the minibatches."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import joblib
import numpy as np
import pandas as pd
from anndata import AnnData
from scvi import REGISTRY_KEYS
from scvi.data import AnnDataManager, AnnTorchDataset
from scvi.data.fields import BaseAnnDataField, LayerField
from torch.utils.data import Dataset

from infosem.data._checks import require_gene_names, require_key, require_unique_genes
from infosem.data._embeddings import checked_embeddings
from infosem.data._expression import check_expression, gene_means, is_in_memory, summarise_expression
from infosem.data._interactions import KnownInteractions, read_known_interactions

logger = logging.getLogger(__name__)

EMBEDDING_FIELD = "gene_embedding"
INTERACTIONS_FIELD = "known_interactions"
REGULATOR_FIELD = "regulators"

_AGAIN = "Call InfoSEM.setup_anndata(adata) again, and make a new model."


class ExpressionField(LayerField):
    """Log-normalised expression. It is checked, never changed; its genes must keep their order.

    The state registry carries the statistics that standardise it
    (:class:`~infosem.data._expression.ExpressionSummary`), so that other cells are standardised as the training cells
    were.
    """

    def __init__(self, layer: str | None) -> None:
        super().__init__(REGISTRY_KEYS.X_KEY, layer, is_count_data=False, correct_data_format=False)

    @property
    def _name(self) -> str:
        return "adata.X" if self.attr_key is None else f"adata.layers[{self.attr_key!r}]"

    def validate_field(self, adata: AnnData) -> None:
        """Check that the genes' names are unique and the layer is there."""
        if self.attr_key is not None:
            require_key(adata, "layers", self.attr_key, hint="Pass layer= with the log-normalised one.")
        elif adata.X is None:
            raise ValueError("adata.X is empty. Pass layer= with the name of the log-normalised layer.")
        require_gene_names(adata)
        require_unique_genes(adata)
        self._require_numbers(self.get_field_data(adata))

    def _require_numbers(self, x: Any) -> None:
        """Raise a :class:`ValueError` that says how to make real numbers of the expression, if it holds none."""
        if isinstance(x, np.ma.MaskedArray):
            raise ValueError(
                f"{self._name} is a masked array. Say what its masked entries are, for instance zero: "
                f"{self._name} = {self._name}.filled(0)."
            )
        if np.dtype(x.dtype).kind not in "biuf":
            raise ValueError(
                f"{self._name} is of the type {x.dtype}; expected real numbers: {self._name} = "
                f"{self._name}.astype('float32')."
            )

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Check and summarise the expression."""
        state: dict[str, Any] = super().register_field(adata)
        state["summary"] = summarise_expression(self.get_field_data(adata), name=self._name)
        return state

    def transfer_field(self, state_registry: dict[str, Any], adata_target: AnnData, **_: object) -> dict[str, Any]:
        """Use the training cells' statistics on other cells of the same genes."""
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
        check_expression(self.get_field_data(adata_target), name=self._name)
        return {**state_registry, self.N_OBS_KEY: adata_target.n_obs}

    def require_unchanged(self, state_registry: dict[str, Any], adata: AnnData, *, files: bool) -> None:
        """Raise a :class:`ValueError` if genes, cells or values are others than at registration.

        Values are compared by the mean of each gene; those in a file, which takes a pass over it, with ``files``.
        """
        names, n_cells = state_registry[self.COLUMN_NAMES_KEY], state_registry[self.N_OBS_KEY]
        if adata.shape != (n_cells, len(names)):
            raise ValueError(
                f"adata has {adata.n_obs} cells and {adata.n_vars} genes, and had {n_cells} and {len(names)} when it "
                f"was set up: cells or genes were left out since. {_AGAIN}"
            )
        if list(adata.var_names) != list(names):
            raise ValueError(
                f"The genes of adata have other names, or another order, than when it was set up. {_AGAIN}"
            )
        self.validate_field(adata)
        x = self.get_field_data(adata)
        if not (files or is_in_memory(x)):
            return
        self.require_means(gene_means(x), state_registry["summary"].all_values.mean)

    def require_means(self, found: np.ndarray, expected: np.ndarray) -> None:
        """Raise a :class:`ValueError` if genes have other means than at registration."""
        changed = ~np.isclose(found, expected, rtol=1e-4, atol=1e-6)
        if changed.any():
            raise ValueError(
                f"{self._name} has changed since setup_anndata: {changed.sum()} of {len(changed)} genes have another "
                f"mean. Was it normalised or scaled meanwhile? {_AGAIN}"
            )


class GeneField(BaseAnnDataField):
    """An entry of ``var``, ``varm`` or ``varp``: one value, row or pair of rows per gene.

    It describes genes, not cells. Other cells may come without it, and the model keeps its own copy, so that moving
    to other data needs nothing.
    """

    made_by: ClassVar[str]
    """The call that makes it."""

    def __init__(self, registry_key: str, attr_name: str, attr_key: str | None) -> None:
        super().__init__()
        self._registry_key, self._attr_name, self._attr_key = registry_key, attr_name, attr_key

    @property
    def registry_key(self) -> str:
        return self._registry_key

    @property
    def attr_name(self) -> str:
        return self._attr_name

    @property
    def attr_key(self) -> str | None:
        return self._attr_key

    @property
    def is_empty(self) -> bool:
        return self._attr_key is None

    def validate_field(self, adata: AnnData) -> None:
        """Check that the key is there."""
        require_key(adata, self.attr_name, str(self.attr_key), hint=self.made_by)

    @abstractmethod
    def read(self, adata: AnnData) -> Any:
        """What the model takes from the entry: arrays, or a dataclass of them."""

    def transfer_field(self, state_registry: dict[str, Any], adata_target: AnnData, **_: object) -> dict[str, Any]:
        """Keep the state of the data that the model was trained on."""
        return state_registry

    def require_unchanged(self, state_registry: dict[str, Any], adata: AnnData) -> None:
        """Raise a :class:`ValueError` if the entry is another than at registration."""
        self.validate_field(adata)
        if joblib.hash(self.read(adata)) != state_registry["digest"]:
            raise ValueError(
                f"adata.{self.attr_name}[{self.attr_key!r}] has changed since setup_anndata. Call "
                "InfoSEM.setup_anndata(adata) again, which reads it anew."
            )

    def get_summary_stats(self, state_registry: dict[str, Any]) -> dict[str, Any]:
        """Shapes that the module is built from."""
        return {key: value for key, value in state_registry.items() if key.startswith("n_")}

    def view_state_registry(self, state_registry: dict[str, Any]) -> None:
        return None


class EmbeddingField(GeneField):
    """Text embeddings of the genes in ``varm``; a row of NaN is a gene without one."""

    made_by = "Make it first: infosem.pp.add_embeddings(adata, ...), or pp.embed_genes."

    def __init__(self, key: str | None) -> None:
        super().__init__(EMBEDDING_FIELD, "varm", key)

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Check the embeddings and count them."""
        super().register_field(adata)
        embeddings = self.read(adata)
        n_present = int((~np.isnan(embeddings).any(1)).sum())
        logger.info(
            "%d of %d genes have an embedding; the other %d take that of genes expressed alike.",
            n_present,
            adata.n_vars,
            adata.n_vars - n_present,
        )
        return {"n_embedding": embeddings.shape[1], "n_embedded_genes": n_present, "digest": joblib.hash(embeddings)}

    def read(self, adata: AnnData) -> np.ndarray:
        """Embeddings, ``(G, d)`` float32, as of :func:`~infosem.data._embeddings.checked_embeddings`."""
        return checked_embeddings(self.get_field_data(adata), adata.var_names, name=f"adata.varm[{self.attr_key!r}]")


class InteractionsField(GeneField):
    """Known interactions in ``varp``, of three states."""

    made_by = "Make it first: infosem.pp.known_interactions(adata, edges)."

    def __init__(self, key: str | None, regulator_key: str | None) -> None:
        super().__init__(INTERACTIONS_FIELD, "varp", key)
        self._regulators = RegulatorField(regulator_key)

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Check the known interactions and count those that can be used."""
        super().register_field(adata)
        known, ignored = self._read_all(adata)
        n_edges = int(known.is_edge.sum())
        logger.info("%d known edges and %d known non-edges.", n_edges, len(known) - n_edges)
        if ignored:
            logger.warning(
                "%d known interactions are ignored: their source is no regulator, or it is the target itself.", ignored
            )
        if not len(known):
            raise ValueError(
                f"adata.varp[{self.attr_key!r}] holds no known interaction that can be used (ignored: {ignored}). "
                "Check gene names and the regulator mask, or switch the prior off: "
                "InfoSEM.setup_anndata(adata, interactions_key=None)."
            )
        return {"n_interactions": len(known), "n_known_edges": n_edges, "digest": joblib.hash(known)}

    def read(self, adata: AnnData) -> KnownInteractions:
        """Known interactions of the regulators with other genes."""
        return self._read_all(adata)[0]

    def _read_all(self, adata: AnnData) -> tuple[KnownInteractions, int]:
        known = read_known_interactions(self.get_field_data(adata), adata.var_names, key=str(self.attr_key))
        usable = np.isin(known.source, self._regulators.read(adata)) & (known.source != known.target)
        kept = KnownInteractions(known.source[usable], known.target[usable], known.is_edge[usable])
        return kept, int((~usable).sum())


class RegulatorField(GeneField):
    """The genes that may have targets: a boolean column of ``var``, or all genes."""

    made_by = "Make it first: infosem.pp.regulators(adata, names)."

    def __init__(self, key: str | None) -> None:
        super().__init__(REGULATOR_FIELD, "var", key)

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Check the mask and count the regulators."""
        super().register_field(adata)
        regulators = self.read(adata)
        logger.info("%d of %d genes are regulators.", len(regulators), adata.n_vars)
        return {"n_regulators": len(regulators), "columns": regulators, "digest": joblib.hash(regulators)}

    def read(self, adata: AnnData) -> np.ndarray:
        """Columns of the regulators among the genes, ``(R,)``.

        Raises
        ------
        ValueError
            If the column is not boolean, or marks fewer than two genes.
        """
        if self.attr_key is None:
            return np.arange(adata.n_vars)
        column = adata.var[self.attr_key]
        if column.isna().any() or not set(column.unique()) <= {True, False}:
            raise ValueError(
                f"adata.var[{self.attr_key!r}] holds {list(column.unique()[:5])}; expected True for regulators and "
                f"False for other genes, for instance adata.var[{self.attr_key!r}] = adata.var_names.isin(regulators)."
            )
        regulators = np.flatnonzero(column.to_numpy(dtype=bool))
        if len(regulators) < 2:
            raise ValueError(
                f"adata.var[{self.attr_key!r}] marks {len(regulators)} of {adata.n_vars} genes as regulators; a "
                "network needs at least two. Check that gene names match, or pass regulator_key=None to use all genes."
            )
        return regulators


class GeneAlignedManager(AnnDataManager):
    """A manager whose minibatches hold fields of the cells only.

    scvi-tools slices every registered field by cell, which breaks on fields that have a row per gene.
    """

    absent: Sequence[tuple[str, str]] = ()
    """Entries of AnnData, attribute and key, that would have been used at registration, had they been there."""
    _means: np.ndarray | None = None

    def register_fields(
        self, adata: AnnData, source_registry: dict[str, Any] | None = None, **transfer_kwargs: Any
    ) -> None:
        """Register the data; of others than the model's note what they are."""
        super().register_fields(adata, source_registry, **transfer_kwargs)
        x = self.get_from_registry(REGISTRY_KEYS.X_KEY)
        self._means = gene_means(x) if self.is_transferred and is_in_memory(x) else None

    @property
    def is_transferred(self) -> bool:
        """Whether the registry came from other data (a saved or trained model)."""
        return self._source_registry is not None

    def field(self, registry_key: str) -> Any:
        """The registered field of that key."""
        return next(field for field in self.fields if field.registry_key == registry_key)

    def validate(self) -> None:
        """Check that the cells are those that were registered.

        scvi-tools registers them again if another model was set up on them since, by which this one's regulators would
        become those of the other. That is right for other data than the model's, whose genes are the model's.
        """
        if self.is_transferred:
            super().validate()
        else:
            self._assert_anndata_registered()
            self._require_expression_unchanged(files=False)

    def require_cells_unchanged(self) -> None:
        """Raise a :class:`ValueError` if the cells are others than at registration, also of other data."""
        self.validate()
        if self._means is not None:
            field = self.field(REGISTRY_KEYS.X_KEY)
            field.require_means(gene_means(self.get_from_registry(REGISTRY_KEYS.X_KEY)), self._means)

    def require_unchanged(self) -> None:
        """Raise a :class:`ValueError` if anything that was registered is another now; warn of what came later."""
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
        for field in self.fields:
            if isinstance(field, GeneField) and not field.is_empty:
                field.require_unchanged(self._state_of(field), self.adata)

    def _require_expression_unchanged(self, *, files: bool) -> None:
        field = self.field(REGISTRY_KEYS.X_KEY)
        field.require_unchanged(self._state_of(field), self.adata, files=files)

    def _state_of(self, field: BaseAnnDataField) -> dict[str, Any]:
        state: dict[str, Any] = self.registry["field_registries"][field.registry_key]["state_registry"]
        return state

    def create_torch_dataset(
        self,
        indices: Any = None,
        data_and_attributes: Any = None,
        load_sparse_tensor: bool = False,
    ) -> AnnTorchDataset | Dataset:
        """Data set of the cells; by default of the fields in ``X``, ``layers``, ``obs`` and ``obsm``."""
        if data_and_attributes is None:
            data_and_attributes = [
                key
                for key, location in self.data_registry.items()
                if location["attr_name"] in ("X", "layers", "obs", "obsm")
            ]
        return super().create_torch_dataset(indices, data_and_attributes, load_sparse_tensor)
