"""Base class of the model, with the attributes that all groups of methods use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from scvi.model.base import BaseModelClass
from torch import Tensor

from infosem.data._manager import gene_names, group_names, regulators
from infosem.data._names import listed
from infosem.model._presets import Preset, Start
from infosem.module import InfoSEMModule
from infosem.module._adjacency import Adjacency
from infosem.scores import EdgeData, EdgeFacts, Ranking
from infosem.train._cost import Size


class NetworkModel(BaseModelClass):
    """Model of scvi-tools whose module has an adjacency of regulators x genes."""

    module: InfoSEMModule
    edge_facts_: EdgeFacts
    prior_: str
    seed_: int
    registry_: dict[str, Any]
    init_params_: dict[str, Any]
    _preset: Preset
    _ranking: Ranking
    _start: Start
    _size: Size

    @property
    def gene_names(self) -> list[str]:
        """Names of the genes, which are the columns of the adjacency."""
        return gene_names(self.registry_)

    @property
    def regulator_names(self) -> list[str]:
        """Names of the regulators, which are the rows of the adjacency."""
        names = self.gene_names
        return [names[column] for column in regulators(self.registry_)]

    @property
    def group_names(self) -> list[str]:
        """Names of the groups of cells that have networks of their own; none without ``group_key``."""
        return group_names(self.registry_)

    def _check_if_trained(
        self, warn: bool = True, message: str = "This model is not trained yet: call model.train() first."
    ) -> None:
        super()._check_if_trained(warn=warn, message=message)

    @torch.inference_mode()
    def _adjacency(self) -> Adjacency:
        self._check_if_trained(warn=False)
        adjacency: Adjacency = self.module.adjacency()
        return adjacency

    def _edge_data(self, group: str | None = None) -> EdgeData:
        adjacency, facts = self._adjacency().weights.cpu().numpy(), self.edge_facts_
        if group is not None:
            number = self._group_number(group)
            if len(self.group_names) > 1:  # a single group has the network of all cells
                assert facts.groups is not None
                adjacency, facts = facts.groups.effects[number], facts.of_group(number)
        return EdgeData(
            adjacency=adjacency,
            possible=self.module.adjacency.possible().cpu().numpy(),
            regulators=regulators(self.registry_),
            gene_names=self.gene_names,
            facts=facts,
        )

    def _group_number(self, group: str) -> int:
        """Return the number of the group called ``group``."""
        self._check_if_trained(warn=False)
        if not self.group_names:
            raise ValueError(
                f"group={group!r}, but this model has no groups of cells: call InfoSEM.setup_anndata(adata, "
                "group_key=...) first."
            )
        if group not in self.group_names:
            raise ValueError(f"group={group!r} is not one of the groups {listed(self.group_names)}.")
        return self.group_names.index(group)

    def _frame(self, matrix: Tensor | np.ndarray) -> pd.DataFrame:
        """Return a matrix of regulators x genes as a table with their names."""
        values = matrix.cpu().numpy() if isinstance(matrix, Tensor) else matrix
        return pd.DataFrame(values, index=self.regulator_names, columns=self.gene_names)
