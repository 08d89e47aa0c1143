"""Reading of gene data from AnnData, as arrays for the scores and as tensors for the module."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scvi import REGISTRY_KEYS

from infosem.data._correlation import pearson_correlation, signs_beyond_noise
from infosem.data._gene_fields import EMBEDDING_FIELD, INTERACTIONS_FIELD
from infosem.data._manager import GeneAlignedManager, gene_names, regulators, state_of
from infosem.model._cell_data import CellData, adjusted_cells
from infosem.model._presets import EdgeModel
from infosem.module import GeneData, Likelihood
from infosem.scores import EdgeFacts, KernelEdges
from infosem.scores._kernel_edges import edge_logits
from infosem.statistics._centring import centre_embeddings
from infosem.statistics._profiles import correlation_profiles


def has_embeddings(registry: dict[str, Any]) -> bool:
    """Return whether text embeddings are registered."""
    return "n_embedding" in state_of(registry, EMBEDDING_FIELD)


def has_interactions(registry: dict[str, Any]) -> bool:
    """Return whether known interactions are registered."""
    return "n_interactions" in state_of(registry, INTERACTIONS_FIELD)


def read_facts(manager: GeneAlignedManager, edge_model: EdgeModel, cells: CellData) -> EdgeFacts:
    """Read the registered data about each pair, and compute edge probabilities from the known interactions.

    Correlations are those of all values, also if zeros do not count.
    """
    columns = regulators(manager.registry)
    n_cells, n_genes = manager.adata.shape
    correlation = pearson_correlation(adjusted_cells(manager, cells.all_values), columns, n_genes)
    profiles = np.asarray(correlation_profiles(correlation)[1], dtype=np.float32)
    embeddings = pairs = is_edge = logits = None
    if has_embeddings(manager.registry):
        embeddings = centre_embeddings(torch.as_tensor(manager.field(EMBEDDING_FIELD).read(manager.adata))).numpy()
    if has_interactions(manager.registry):
        known = manager.field(INTERACTIONS_FIELD).read(manager.adata)
        pairs, is_edge = np.stack([np.searchsorted(columns, known.source), known.target]), np.asarray(known.is_edge)
        if isinstance(edge_model, KernelEdges):
            texts = np.zeros((n_genes, 0), dtype=np.float32) if embeddings is None else embeddings
            logits = edge_logits(pairs, is_edge, columns, texts, profiles).astype(np.float32)
    return EdgeFacts(
        signs=signs_beyond_noise(correlation, n_cells),
        profiles=profiles,
        embeddings=embeddings,
        pairs=pairs,
        is_edge=is_edge,
        logits=logits,
    )


def gene_data(registry: dict[str, Any], facts: EdgeFacts, likelihood: Likelihood, cells: CellData) -> GeneData:
    """Return the data about the genes that the module is built from."""
    summary = state_of(registry, REGISTRY_KEYS.X_KEY)["summary"]
    embeddings, pairs, is_edge = (
        None if array is None else torch.as_tensor(array) for array in (facts.embeddings, facts.pairs, facts.is_edge)
    )
    return GeneData(
        names=gene_names(registry),
        varies=torch.as_tensor(summary.varies),
        regulators=torch.as_tensor(regulators(registry)),
        n_counted=(summary.nonzero_values if likelihood.mask_zeros else summary.all_values).n_counted,
        embeddings=embeddings,
        pairs=pairs,
        is_edge=is_edge,
        counts=cells.counts,
    )
