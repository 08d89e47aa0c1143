"""Cell types by SERGIO that share a part of their edges, so that the network makes their means differ, too."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.datasets._sequencing import log_normalise, sequence
from infosem.datasets._sergio import _DECAY, _STRENGTH, _steady_cells
from infosem.datasets._topology import random_topology

_SHARE_OF_TYPES = 0.5
"""Probability that a type has an edge which not all have."""


def of_types(sizes: Mapping[str, int], n_genes: int, n_regulators: int, *, shared: float, seed: int) -> AnnData:
    """Counts of types in which an edge is present in all with probability ``shared``, and otherwise in about half.

    Genes that a type does not regulate are produced at a rate of the type, as the regulators on top are.
    """
    rng = np.random.default_rng([seed, 7])
    network = random_topology(n_regulators, n_genes, rng)
    network["strength"] = network["sign"] * rng.uniform(*_STRENGTH, len(network))
    sources = network["source"].unique()
    names = pd.Index([*sources, *sorted(set(network["target"]) - set(sources))])
    common = rng.random(len(network)) < shared
    present = common | (rng.random((len(sizes), len(network))) < _SHARE_OF_TYPES)
    clean, truth = [], {"truth": _square(network[present.all(axis=0)], names)}
    for number, ((name, n_cells), here) in enumerate(zip(sizes.items(), present, strict=True)):
        cells = _steady_cells(network[here], n_cells, 1, 1000 * seed + number)
        clean.append(cells.reindex(columns=names))
        truth[f"truth:{name}"] = _square(network[here], names)
    values = pd.concat(clean, ignore_index=True)
    alone = values.isna().to_numpy()  # genes that have no edge in a type
    values = values.fillna(values.mean().fillna(1 / _DECAY))
    values = values.to_numpy() * np.where(alone, rng.gamma(4, 1 / 4, alone.shape), 1)
    counts, total = sequence(values, depth=3000.0, dropout=0.0, rng=rng)
    return AnnData(
        sparse.csr_matrix(log_normalise(counts, total).astype(np.float32)),
        obs=pd.DataFrame({"group": pd.Categorical(np.repeat(list(sizes), list(sizes.values())))},
                         index=[f"cell{c}" for c in range(len(values))]),
        var=pd.DataFrame({"is_regulator": names.isin(sources)}, index=names),
        varp=truth,
    )  # fmt: skip


def _square(network: pd.DataFrame, names: pd.Index) -> sparse.csr_matrix:
    row, column = names.get_indexer(network["source"]), names.get_indexer(network["target"])
    return sparse.csr_matrix((network["strength"].to_numpy(), (row, column)), (len(names), len(names)))
