"""The AnnData fields that have an entry for each gene: text embeddings, known interactions, regulators."""

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
from infosem.data._interactions import KnownInteractions, read_known_interactions

logger = logging.getLogger(__name__)

EMBEDDING_FIELD = "gene_embedding"
INTERACTIONS_FIELD = "known_interactions"
REGULATOR_FIELD = "regulators"


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
