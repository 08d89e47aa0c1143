"""Precomputed networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import ClassVar

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.benchmark._method import Labels, Method
from infosem.data._matches import require_matches
from infosem.data._names import identifiers


@dataclass(frozen=True, kw_only=True, eq=False)
class Precomputed(Method):
    """Scores of a network that was inferred elsewhere, used for all splits.

    The network must not have been inferred with the ground truth, because labels cannot be withheld from it.

    Parameters
    ----------
    edges
        Table with columns ``source``, ``target`` and ``weight``, or a square table of weights, row = regulator, column
        = target. Pairs that are not listed score zero.
    absolute
        Whether to score by the absolute weight.
    allow_few
        Whether to accept that fewer than a tenth of the names that could match genes of the data do.
    """

    title: ClassVar[str] = "precomputed"
    uses_expression: ClassVar[bool] = True
    edges: pd.DataFrame = field(repr=False)
    absolute: bool = True
    allow_few: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.edges, pd.DataFrame):
            raise TypeError(
                f"edges is a {type(self.edges).__name__}, expected a pandas DataFrame: pandas.read_csv(path)."
            )
        super().__post_init__()

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`infosem.benchmark.Method.score`."""
        genes = adata.var_names
        is_table = {"source", "target"} <= set(self.edges.columns)
        ends = [self.edges["source"], self.edges["target"]] if is_table else self.edges.axes
        names = identifiers(chain(*ends))
        require_matches(
            adata, identifiers(genes), names, "genes of the network", ignore_case=None, allow_few=self.allow_few
        )
        weights = self._weights(genes)
        if not weights.any():
            raise ValueError(
                "The network has no weight between two genes of the data. Give a table with columns source, target, "
                "weight, or one with genes as index and columns, spelt as in adata.var_names."
            )
        return np.abs(weights[regulators]) if self.absolute else weights[regulators]

    def _weights(self, genes: pd.Index) -> np.ndarray:
        """Return the weights, ``(G, G)``, row = regulator."""
        if not {"source", "target"} <= set(self.edges.columns):
            return self.edges.reindex(index=genes, columns=genes, fill_value=0.0).to_numpy(dtype=float)
        if "weight" not in self.edges:
            raise ValueError(
                f"The edges have columns {list(self.edges.columns)}, but no 'weight'. Rename the column of scores."
            )
        edges = self.edges.assign(source=identifiers(self.edges["source"]), target=identifiers(self.edges["target"]))
        source, target = genes.get_indexer(edges["source"]), genes.get_indexer(edges["target"])
        known = (source >= 0) & (target >= 0)
        twice = edges[known].duplicated(["source", "target"])
        if twice.any():
            raise ValueError(f"{int(twice.sum())} pairs occur more than once in the edges; give each one weight.")
        weights = np.zeros((len(genes), len(genes)))
        weights[source[known], target[known]] = edges["weight"].to_numpy(dtype=float)[known]
        return weights
