"""Base class of the model, with the attributes that all groups of methods use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from scvi.model.base import BaseModelClass
from torch import Tensor

from infosem.data._manager import gene_names, regulators
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

    def _check_if_trained(
        self, warn: bool = True, message: str = "This model is not trained yet: call model.train() first."
    ) -> None:
        super()._check_if_trained(warn=warn, message=message)

    @torch.inference_mode()
    def _adjacency(self) -> Adjacency:
        self._check_if_trained(warn=False)
        adjacency: Adjacency = self.module.adjacency()
        return adjacency

    def _edge_data(self) -> EdgeData:
        return EdgeData(
            adjacency=self._adjacency().weights.cpu().numpy(),
            possible=self.module.adjacency.possible().cpu().numpy(),
            regulators=regulators(self.registry_),
            gene_names=self.gene_names,
            facts=self.edge_facts_,
        )

    def _frame(self, matrix: Tensor | np.ndarray) -> pd.DataFrame:
        """Return a matrix of regulators x genes as a table with their names."""
        values = matrix.cpu().numpy() if isinstance(matrix, Tensor) else matrix
        return pd.DataFrame(values, index=self.regulator_names, columns=self.gene_names)
