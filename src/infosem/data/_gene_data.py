"""What AnnData tells of the genes, as tensors for the module."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from scvi import REGISTRY_KEYS
from torch import Tensor

from infosem.data._expression import pearson_correlation, signs_beyond_noise
from infosem.data._fields import EMBEDDING_FIELD, INTERACTIONS_FIELD, REGULATOR_FIELD, GeneAlignedManager
from infosem.module._module import GeneData
from infosem.module._priors import centre_embeddings
from infosem.statistics._profiles import correlation_profiles, n_patterns


def state_of(registry: dict[str, Any], field: str) -> dict[str, Any]:
    """What a field noted at registration."""
    return registry["field_registries"][field]["state_registry"]


def gene_names(registry: dict[str, Any]) -> list[str]:
    """Names of the genes, in the order of the registered data."""
    return [str(name) for name in state_of(registry, REGISTRY_KEYS.X_KEY)["column_names"]]


def regulators(registry: dict[str, Any]) -> np.ndarray:
    """Columns of the regulators among the genes, ``(R,)``; all genes without a mask."""
    everyone = np.arange(len(state_of(registry, REGISTRY_KEYS.X_KEY)["column_names"]))
    return np.asarray(state_of(registry, REGULATOR_FIELD).get("columns", everyone))


def read_gene_data(
    registry: dict[str, Any],
    manager: GeneAlignedManager | None,
    *,
    prior: str,
    standardise: Literal["non-zero", "all"],
) -> GeneData:
    """Gather what the module needs to know of the genes.

    Parameters
    ----------
    registry
        Registry of the data that the model is set up with.
    manager
        Their manager. Without one, or with one of a saved model's other data, embeddings and interactions are
        placeholders of the right shape: the saved parameters bring the values.
    prior, standardise
        As in :class:`infosem.InfoSEM`.
    """
    summary = state_of(registry, REGISTRY_KEYS.X_KEY)["summary"]
    statistics = summary.standardisation(standardise)
    columns = regulators(registry)
    at_hand = None if manager is None or manager.is_transferred else manager
    embeddings = _embeddings(registry, at_hand) if "embedding" in prior else None
    pairs, is_edge = _interactions(registry, at_hand, columns) if "interactions" in prior else (None, None)
    signs, profiles = _correlations(registry, at_hand, columns)
    return GeneData(
        mean=torch.as_tensor(statistics.mean, dtype=torch.float32),
        sd=torch.as_tensor(statistics.sd, dtype=torch.float32),
        varies=torch.as_tensor(summary.varies),
        regulators=torch.as_tensor(columns),
        n_counted=statistics.n_counted,
        signs=signs,
        profiles=profiles,
        embeddings=embeddings,
        pairs=pairs,
        is_edge=is_edge,
    )


def _correlations(
    registry: dict[str, Any], manager: GeneAlignedManager | None, columns: np.ndarray
) -> tuple[Tensor, Tensor]:
    """Sign of the correlation of every regulator with every gene, zero within noise, and the genes' profiles."""
    if manager is None:
        n_genes = len(gene_names(registry))
        return torch.ones(len(columns), n_genes, dtype=torch.int8), torch.zeros(n_genes, n_patterns(len(columns)))
    x = manager.get_from_registry(REGISTRY_KEYS.X_KEY)
    correlation = pearson_correlation(x, columns)
    signs = torch.as_tensor(signs_beyond_noise(correlation, x.shape[0]))
    return signs, torch.as_tensor(correlation_profiles(correlation)[1], dtype=torch.float32)


def _embeddings(registry: dict[str, Any], manager: GeneAlignedManager | None) -> Tensor:
    if manager is None:
        return torch.zeros(len(gene_names(registry)), state_of(registry, EMBEDDING_FIELD)["n_embedding"])
    return centre_embeddings(torch.as_tensor(manager.field(EMBEDDING_FIELD).read(manager.adata)))


def _interactions(
    registry: dict[str, Any], manager: GeneAlignedManager | None, columns: np.ndarray
) -> tuple[Tensor, Tensor]:
    if manager is None:
        n_pairs = state_of(registry, INTERACTIONS_FIELD)["n_interactions"]
        return torch.zeros(2, n_pairs, dtype=torch.long), torch.zeros(n_pairs, dtype=torch.bool)
    known = manager.field(INTERACTIONS_FIELD).read(manager.adata)
    pairs = np.stack([np.searchsorted(columns, known.source), known.target])
    return torch.as_tensor(pairs), torch.as_tensor(known.is_edge)
