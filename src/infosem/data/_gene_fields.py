"""AnnData fields with an entry for each gene: text embeddings, known interactions and regulators."""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import Any, ClassVar

import joblib
import numpy as np
from anndata import AnnData
from scvi.data.fields import BaseAnnDataField

from infosem.data._checks import require_key
from infosem.data._embeddings import checked_embeddings
from infosem.data._known_interactions import KnownInteractions, read_known_interactions

logger = logging.getLogger(__name__)

EMBEDDING_FIELD = "gene_embedding"
INTERACTIONS_FIELD = "known_interactions"
REGULATOR_FIELD = "regulators"


class GeneField(BaseAnnDataField):
    """Base class of fields in ``var``, ``varm`` or ``varp``, which describe genes and not cells.

    The model keeps its own copy of the entry, so that other cells do not need to have it.
    """

    made_by: ClassVar[str]
    """Message with the function that makes the entry."""

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
        """Check that the key exists."""
        require_key(adata, self.attr_name, str(self.attr_key), hint=self.made_by)

    @abstractmethod
    def read(self, adata: AnnData) -> Any:
        """Return what the model uses of the entry, as an array or a dataclass of arrays."""

    def transfer_field(self, state_registry: dict[str, Any], adata_target: AnnData, **_: object) -> dict[str, Any]:
        """Return the state of the training data."""
        return state_registry

    def require_unchanged(self, state_registry: dict[str, Any], adata: AnnData) -> None:
        """Raise a :class:`ValueError` if the entry has changed since registration."""
        self.validate_field(adata)
        if joblib.hash(self.read(adata)) != state_registry["digest"]:
            raise ValueError(
                f"adata.{self.attr_name}[{self.attr_key!r}] has changed since setup_anndata. Call "
                "InfoSEM.setup_anndata(adata) again, which reads it anew."
            )

    def get_summary_stats(self, state_registry: dict[str, Any]) -> dict[str, Any]:
        """Return the sizes that the module is built from."""
        return {key: value for key, value in state_registry.items() if key.startswith("n_")}

    def view_state_registry(self, state_registry: dict[str, Any]) -> None:
        return None


class EmbeddingField(GeneField):
    """Text embeddings of the genes in ``varm``. Genes without one have a row of NaN."""

    made_by = "Make it first: infosem.pp.add_embeddings(adata, ...), or pp.embed_genes."

    def __init__(self, key: str | None) -> None:
        super().__init__(EMBEDDING_FIELD, "varm", key)

    def register_field(self, adata: AnnData) -> dict[str, Any]:
        """Check the embeddings and count them."""
        super().register_field(adata)
        embeddings = self.read(adata)
        n_present = int((~np.isnan(embeddings).any(1)).sum())
        logger.info(
            "%d of %d genes have an embedding; the other %d get one from genes with similar expression.",
            n_present,
            adata.n_vars,
            adata.n_vars - n_present,
        )
        return {"n_embedding": embeddings.shape[1], "n_embedded_genes": n_present, "digest": joblib.hash(embeddings)}

    def read(self, adata: AnnData) -> np.ndarray:
        """Return the embeddings, ``(G, d)`` float32, from :func:`~infosem.data._embeddings.checked_embeddings`."""
        return checked_embeddings(self.get_field_data(adata), adata.var_names, name=f"adata.varm[{self.attr_key!r}]")


class InteractionsField(GeneField):
    """Known interactions in ``varp``: known edges, known non-edges and unobserved pairs."""

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
                "%d known interactions are ignored: their source is not a regulator, or is the target itself.", ignored
            )
        if not len(known):
            raise ValueError(
                f"adata.varp[{self.attr_key!r}] holds no known interaction that can be used (ignored: {ignored}). "
                "Check gene names and the regulator mask, or switch the prior off: "
                "InfoSEM.setup_anndata(adata, interactions_key=None)."
            )
        return {"n_interactions": len(known), "n_known_edges": n_edges, "digest": joblib.hash(known)}

    def read(self, adata: AnnData) -> KnownInteractions:
        """Return the known interactions of the regulators with other genes."""
        return self._read_all(adata)[0]

    def _read_all(self, adata: AnnData) -> tuple[KnownInteractions, int]:
        known = read_known_interactions(self.get_field_data(adata), adata.var_names, key=str(self.attr_key))
        usable = np.isin(known.source, self._regulators.read(adata)) & (known.source != known.target)
        kept = KnownInteractions(known.source[usable], known.target[usable], known.is_edge[usable])
        return kept, int((~usable).sum())


class RegulatorField(GeneField):
    """Regulators, which are marked by a boolean column of ``var``, or are all genes."""

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
        """Return the columns of the regulators among the genes, ``(R,)``.

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
