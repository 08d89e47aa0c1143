"""Reading of what is known about the cells, and of how they are standardised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scvi import REGISTRY_KEYS

from infosem.data._cell_fields import GROUP_FIELD
from infosem.data._manager import GeneAlignedManager, state_of
from infosem.data._moments import Moments
from infosem.module import Likelihood, Standardiser
from infosem.statistics._adjustment import fit_adjustment
from infosem.statistics._count_moments import CountMoments, count_moments
from infosem.statistics._design import Design, DesignSizes, Factor


@dataclass(frozen=True)
class CellData:
    """How the cells are standardised.

    Attributes
    ----------
    standardiser
        Standardisation by the entries that count.
    all_values
        Standardisation by all values, also if zeros do not count.
    counts
        Mean and dispersion of the counts of each gene, if the likelihood needs them.
    """

    standardiser: Standardiser
    all_values: Standardiser
    counts: CountMoments | None = None


def empty_cell_data(registry: dict[str, Any], likelihood: Likelihood) -> CellData:
    """Return the standardisation before it is fitted, with the sizes of its parts, for a model that is loaded."""
    cells = _standardiser(registry, mask_zeros=bool(likelihood.mask_zeros))
    ones = torch.ones(len(cells.mean))
    return CellData(cells, cells, CountMoments(ones, ones) if likelihood.needs_counts else None)


def read_cell_data(manager: GeneAlignedManager, likelihood: Likelihood) -> CellData:
    """Fit the standardisation of the registered cells, by batch and covariates if there are any."""
    design = None if design_sizes(manager.registry).is_empty else read_design(manager)
    if design is not None:
        design.warn_if_redundant()

    def fitted(*, mask_zeros: bool) -> Standardiser:
        found = _standardiser(manager.registry, mask_zeros=mask_zeros)
        if design is not None:
            found.adjust(fit_adjustment(manager.cells.normalised, design, mask_zeros=mask_zeros))
        return found

    all_values = fitted(mask_zeros=False)
    cells = fitted(mask_zeros=True) if likelihood.mask_zeros else all_values
    return CellData(cells, all_values, _read_counts(manager) if likelihood.needs_counts else None)


def adjusted_cells(manager: GeneAlignedManager, standardiser: Standardiser) -> Iterator[np.ndarray]:
    """Iterate over blocks of log-normalised cells, without what batches and covariates explain, float64."""
    if standardiser.sizes.is_empty:
        yield from manager.cells.normalised()
    else:
        for tensors in manager.cells.batches():
            yield standardiser(tensors).unclipped().numpy().astype(np.float64)


def read_design(manager: GeneAlignedManager) -> Design:
    """Return the known differences between the cells."""
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


def _standardiser(registry: dict[str, Any], *, mask_zeros: bool) -> Standardiser:
    """Return the standardisation of the cells before it is adjusted for batches and covariates."""
    state = state_of(registry, REGISTRY_KEYS.X_KEY)
    genes = state["summary"].nonzero_values if mask_zeros else state["summary"].all_values
    return Standardiser(genes, design_sizes(registry), state["normalisation"])


def _read_counts(manager: GeneAlignedManager) -> CountMoments | None:
    """Return mean and dispersion of the counts of each gene, or ``None`` if the expression is log-normalised."""
    cells = manager.cells
    if cells.normalisation is None:
        return None
    moments, factors = Moments.empty(cells.x.shape[1]), []
    for counts, of_cells in cells.counts():
        factors.append(of_cells)
        normalised = counts / of_cells
        moments.add(normalised, np.ones(normalised.shape, dtype=bool))
    return count_moments(moments.mean, np.square(moments.sd()), np.concatenate(factors)[:, 0])
