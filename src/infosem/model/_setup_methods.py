"""Methods of the model that register AnnData."""

from __future__ import annotations

from typing import Any

from anndata import AnnData

from infosem.data._cell_columns import require_list, require_name
from infosem.data._expression_field import ExpressionField
from infosem.data._registration import (
    absent_entries,
    make_manager,
    require_cells_by_genes,
    require_known,
    resolve_keys,
    resolve_size_factor,
)
from infosem.data._scvi import UUID_KEY
from infosem.model._base import NetworkModel


class SetupMethods(NetworkModel):
    """Method ``setup_anndata`` of :class:`infosem.InfoSEM`."""

    @classmethod
    def setup_anndata(
        cls,
        adata: AnnData,
        *,
        layer: str | None = None,
        batch_key: str | None = None,
        categorical_covariate_keys: list[str] | None = None,
        continuous_covariate_keys: list[str] | None = None,
        size_factor_key: str | None = "auto",
        group_key: str | None = None,
        embedding_key: str | None = "auto",
        interactions_key: str | None = "auto",
        regulator_key: str | None = "auto",
        **kwargs: Any,
    ) -> None:
        """Register expression, what is known about the cells, text embeddings, known interactions and regulators.

        ``adata`` is not changed, apart from entries of scvi-tools in ``uns``, ``obs`` and ``obsm`` whose names begin
        with ``_scvi``.

        Parameters
        ----------
        adata
            Cells x genes. A view is converted to an actual AnnData.
        layer
            Layer with counts or log-normalised expression. ``None`` uses ``X``. Counts are recognised as whole numbers,
            and are normalised by the size of each cell.
        batch_key
            Column of ``obs`` with the batch of each cell, such as its sample or donor. Location and scale of each gene
            in each batch are taken out, so that differences between batches are no evidence for an edge.
        categorical_covariate_keys, continuous_covariate_keys
            Columns of ``obs`` whose effect on the location of each gene is taken out, such as the protocol or the share
            of mitochondrial counts.
        size_factor_key
            Column of ``obs`` with the size of each cell, by which counts are normalised. Only ratios of sizes matter.
            ``None`` estimates the size from the counts.
        group_key
            Column of ``obs`` with the group of each cell, such as its cell type. Each group then has a network of its
            own, beside the shared network.
        embedding_key
            Key in ``varm`` of the text embeddings of the genes. Genes without one have a row of NaN.
        interactions_key
            Key in ``varp`` of known interactions, with regulators as rows: +1 is a known edge, -1 a known non-edge, and
            an absent (sparse) or NaN (dense) entry is unobserved. See :func:`infosem.pp.known_interactions`.
        regulator_key
            Boolean column of ``var`` that marks the regulators. Without one, all genes are regulators.
        **kwargs
            ``source_registry``, for :meth:`load` only.

        Notes
        -----
        ``"auto"`` uses ``varm["gene_embedding"]``, ``varp["known_interactions"]`` and ``var["is_regulator"]`` if they
        exist. For counts it uses the total over all genes, ``obs["total_counts"]`` (of
        ``scanpy.pp.calculate_qc_metrics``), ``obs["n_counts"]`` or ``obs["nCount_RNA"]``. ``None`` uses none.

        Raises
        ------
        KeyError
            If a given key does not exist.
        TypeError
            If ``adata`` is not an AnnData, or there is an argument of another model, such as ``labels_key``.
        ValueError
            If the expression, the embeddings, the interactions or the regulators are not valid, or if a batch,
            covariate, size or group is missing for some cells.
        """
        require_known(kwargs)
        require_cells_by_genes(adata)
        for argument, key in (("batch_key", batch_key), ("size_factor_key", size_factor_key), ("group_key", group_key)):
            require_name(key, argument)
        require_list(categorical_covariate_keys, "categorical_covariate_keys")
        require_list(continuous_covariate_keys, "continuous_covariate_keys")
        of_genes = {
            "embedding_key": embedding_key,
            "interactions_key": interactions_key,
            "regulator_key": regulator_key,
        }
        resolved = resolve_keys(adata, **of_genes)
        strata = list(dict.fromkeys(key for key in (batch_key, group_key) if key is not None))
        expression = ExpressionField(layer, strata_keys=strata)
        keys: dict[str, Any] = {
            "batch_key": batch_key,
            "categorical_covariate_keys": categorical_covariate_keys,
            "continuous_covariate_keys": continuous_covariate_keys,
            "size_factor_key": resolve_size_factor(adata, expression, size_factor_key),
            "group_key": group_key,
            **resolved,
        }
        setup_args = cls._get_setup_method_args(cls=cls, adata=adata, layer=layer, **keys)
        manager = make_manager(setup_args, expression, **keys)
        manager.absent = absent_entries(of_genes, resolved)
        registered = cls._setup_adata_manager_store.get(adata.uns.get(UUID_KEY))
        if registered is not None and registered.adata is not adata:
            del adata.uns[UUID_KEY]  # copied from another AnnData, whose registration it would replace
        manager.register_fields(adata, **kwargs)
        cls.register_manager(manager)
