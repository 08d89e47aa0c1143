"""Reading of gene data from AnnData, as arrays for the scores and as tensors for the module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from scvi import REGISTRY_KEYS

from infosem.data._cell_fields import GROUP_FIELD
from infosem.data._correlation import pearson_correlation, signs_beyond_noise
from infosem.data._gene_fields import EMBEDDING_FIELD, INTERACTIONS_FIELD
from infosem.data._manager import GeneAlignedManager, gene_names, regulators, state_of
from infosem.model._presets import EdgeModel
from infosem.module import GeneData, Likelihood
from infosem.module._standardiser import Standardiser
from infosem.scores import EdgeFacts, KernelEdges
from infosem.scores._kernel_edges import edge_logits
from infosem.statistics._adjustment import fit_adjustment
from infosem.statistics._centring import centre_embeddings
from infosem.statistics._design import Design, DesignSizes, Factor
from infosem.statistics._profiles import correlation_profiles


def has_embeddings(registry: dict[str, Any]) -> bool:
    """Return whether text embeddings are registered."""
    return "n_embedding" in state_of(registry, EMBEDDING_FIELD)


def has_interactions(registry: dict[str, Any]) -> bool:
    """Return whether known interactions are registered."""
    return "n_interactions" in state_of(registry, INTERACTIONS_FIELD)


def has_groups(registry: dict[str, Any]) -> bool:
    """Return whether groups of cells are registered."""
    return GROUP_FIELD in registry["field_registries"]


def group_names(registry: dict[str, Any]) -> list[str]:
    """Return the names of the registered groups of cells."""
    return (
        [str(name) for name in state_of(registry, GROUP_FIELD)["categorical_mapping"]] if has_groups(registry) else []
    )


def read_design(manager: GeneAlignedManager) -> Design:
    """Return what is known about the cells."""
    registry, cells = manager.registry, manager.cells.of_cells
    fields = registry["field_registries"]

    def factor(key: str) -> Factor | None:
        if key not in fields:
            return None
        state = state_of(registry, key)
        return Factor(state["original_key"], cells[key][:, 0].astype(int), list(map(str, state["categorical_mapping"])))

    factors = []
    names: list[str] = []
    values = np.zeros((manager.adata.n_obs, 0))
    if REGISTRY_KEYS.CAT_COVS_KEY in fields:
        mappings = state_of(registry, REGISTRY_KEYS.CAT_COVS_KEY)["mappings"]
        codes = cells[REGISTRY_KEYS.CAT_COVS_KEY].astype(int)
        factors = [Factor(name, codes[:, k], list(map(str, m))) for k, (name, m) in enumerate(mappings.items())]
    if REGISTRY_KEYS.CONT_COVS_KEY in fields:
        names = list(state_of(registry, REGISTRY_KEYS.CONT_COVS_KEY)["columns"])
        values = cells[REGISTRY_KEYS.CONT_COVS_KEY].astype(np.float64)
    return Design(factor(REGISTRY_KEYS.BATCH_KEY), factors, values, names, factor(GROUP_FIELD))


def design_sizes(registry: dict[str, Any]) -> DesignSizes:
    """Return the numbers of batches, categories and covariates."""
    fields = registry["field_registries"]
    batch, categories, values = (
        state_of(registry, key) if key in fields else None
        for key in (REGISTRY_KEYS.BATCH_KEY, REGISTRY_KEYS.CAT_COVS_KEY, REGISTRY_KEYS.CONT_COVS_KEY)
    )
    return DesignSizes(
        n_batches=1 if batch is None else len(batch["categorical_mapping"]),
        n_categories=() if categories is None else tuple(map(len, categories["mappings"].values())),
        n_values=0 if values is None else len(values["columns"]),
    )


def standardiser(registry: dict[str, Any], *, mask_zeros: bool) -> Standardiser:
    """Return the standardisation of the cells before it is adjusted for batches and covariates."""
    state = state_of(registry, REGISTRY_KEYS.X_KEY)
    genes = state["summary"].nonzero_values if mask_zeros else state["summary"].all_values
    return Standardiser(genes, design_sizes(registry), state["normalisation"])


def read_data(
    manager: GeneAlignedManager, edge_model: EdgeModel, *, mask_zeros: bool
) -> tuple[EdgeFacts, Standardiser]:
    """Read the registered data about each pair, and fit the standardisation of the cells.

    Facts that are known before training are computed from all values, also if zeros do not count.
    """
    all_values, cells = (standardiser(manager.registry, mask_zeros=mask) for mask in (False, mask_zeros))
    if not cells.sizes.is_empty:
        design = read_design(manager)
        design.warn_if_redundant()
        all_values.adjust(fit_adjustment(manager.cells.normalised, design, mask_zeros=False))
        cells = all_values
        if mask_zeros:
            cells = standardiser(manager.registry, mask_zeros=True)
            cells.adjust(fit_adjustment(manager.cells.normalised, design, mask_zeros=True))
    return _read_facts(manager, edge_model, all_values), cells


def _read_facts(manager: GeneAlignedManager, edge_model: EdgeModel, cells: Standardiser) -> EdgeFacts:
    """Read the registered data about each pair, and compute edge probabilities from the known interactions.

    Parameters
    ----------
    manager
        Manager of the registered data.
    edge_model
        Model of edge probabilities.
    cells
        Standardisation of the cells by all values, fitted to the registered cells.
    """
    columns = regulators(manager.registry)
    n_cells, n_genes = manager.adata.shape
    correlation = pearson_correlation(_adjusted(manager, cells), columns, n_genes)
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


def _adjusted(manager: GeneAlignedManager, cells: Standardiser) -> Iterator[np.ndarray]:
    """Iterate over blocks of log-normalised cells, without what batches and covariates explain, float64."""
    if cells.sizes.is_empty:
        yield from manager.cells.normalised()
    else:
        for tensors in manager.cells.batches():
            yield cells(tensors).unclipped().numpy().astype(np.float64)


def gene_data(registry: dict[str, Any], facts: EdgeFacts, likelihood: Likelihood) -> GeneData:
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
    )
