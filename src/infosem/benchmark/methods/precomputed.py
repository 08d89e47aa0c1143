"""A network that is already there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.benchmark._method import Labels, Method


@dataclass(frozen=True, kw_only=True, eq=False)
class Precomputed(Method):
    """Scores of a network that was inferred elsewhere, once for all splits.

    It must not have seen the truth: labels cannot be kept from a network that is already there.

    Parameters
    ----------
    edges
        Table with columns ``source``, ``target``, ``weight``; or a square table of weights, row = regulator, column =
        target. Pairs that are not in it score zero; the absolute weight counts.
    absolute
        Whether to take the absolute weight.
    """

    title: ClassVar[str] = "precomputed"
    uses_expression: ClassVar[bool] = True
    edges: pd.DataFrame = field(repr=False)
    absolute: bool = True

    @property
    def identity(self) -> str:
        """See :attr:`Method.identity`."""
        return f"{self!r} {pd.util.hash_pandas_object(self.edges).sum()}"

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """See :meth:`Method.score`."""
        genes = adata.var_names
        if {"source", "target", "weight"} <= set(self.edges.columns):
            edges = self.edges.astype({"source": str, "target": str})
            twice = edges.duplicated(["source", "target"])
            if twice.any():
                raise ValueError(
                    f"{int(twice.sum())} pairs occur more than once in the table of edges; give each one weight."
                )
            weights = np.zeros((len(genes), len(genes)))
            source, target = genes.get_indexer(edges["source"]), genes.get_indexer(edges["target"])
            known = (source >= 0) & (target >= 0)
            weights[source[known], target[known]] = edges["weight"].to_numpy(dtype=float)[known]
        else:
            known = np.isin(self.edges.index, genes)
            weights = self.edges.reindex(index=genes, columns=genes, fill_value=0.0).to_numpy(dtype=float)
        if not known.any():
            raise ValueError(
                "No regulator of the network is a gene of the data. Give a table with columns source, target, weight, "
                "or one with genes as index and columns, spelt as in adata.var_names."
            )
        return np.abs(weights[regulators]) if self.absolute else weights[regulators]
