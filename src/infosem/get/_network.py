"""Edge table of a network in AnnData."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.data import _keys
from infosem.data._places import NETWORK, is_ours
from infosem.network._edge_table import edge_table
from infosem.network._thresholds import Thresholds


def network(
    adata: AnnData,
    key: str = _keys.NETWORK,
    *,
    top: int | None = None,
    min_weight: float | None = None,
    min_probability: float = 0.0,
    min_stability: float = 0.0,
    max_q_value: float = 1.0,
) -> pd.DataFrame:
    """Return the edges of a network in AnnData, strongest first.

    The network is read from where ``write_network`` wrote it, without the model.

    Parameters
    ----------
    adata
        Annotated data matrix with a network. It may have been saved and loaded, or subset to some of its genes.
    key
        Key of the network in ``varp`` and ``uns``, or its name, such as ``"infosem:CD4/CD8"`` for the group CD4/CD8,
        whose key contains no slash.
    top
        Number of strongest edges to return. By default all.
    min_weight
        Minimum absolute weight of an edge.
    min_probability
        Minimum probability of an edge. Requires a network with known interactions.
    min_stability
        Minimum share of models that select an edge. Requires the network of an ensemble.
    max_q_value
        Maximum false discovery rate of an edge. Requires :func:`infosem.tl.false_discovery_rate`.

    Returns
    -------
    The table of :meth:`infosem.InfoSEM.get_edges` or :meth:`infosem.Ensemble.get_edges`, depending on which of them
    wrote the network, with the column ``q_value`` if :func:`infosem.tl.false_discovery_rate` was called.

    Raises
    ------
    KeyError
        If there is no network under ``key``.
    ValueError
        If no regulator of the network is among the genes, or if a threshold needs values that the network lacks.
    """
    key = _by_name(adata, key)
    if not _is_network(adata, key):
        written = [_name(adata, entry) for entry in adata.varp if _is_network(adata, entry)]
        raise KeyError(
            f"adata has no network under {key!r}; there are {written or 'none'}. Write one: "
            f"model.write_network(key_added={key!r})."
        )
    regulators = adata.var_names.intersection(pd.Index(adata.uns[key]["regulators"]), sort=False)
    if regulators.empty:
        raise ValueError(
            f"None of the network's {len(adata.uns[key]['regulators'])} regulators (such as "
            f"{', '.join(map(str, adata.uns[key]['regulators'][:3]))}) is among the genes of adata. Were genes renamed "
            "after write_network?"
        )
    # the factor A_e of a model is not a column of its edge table, and therefore not read
    parts_there = map(str, adata.uns[key].get("parts", _keys.PARTS))
    there = [part for part in parts_there if part != "effect" and _keys.part_key(key, part) in adata.varp]
    parts = {part: _rows(adata, _keys.part_key(key, part), regulators) for part in there}
    weights, sign = _rows(adata, key, regulators), parts.pop("sign").to_numpy()
    strength = parts.pop("strength", weights.abs())
    more = {"effect": weights, **parts} if "stability" in parts else parts
    thresholds = Thresholds(min_probability=min_probability, min_stability=min_stability, max_q_value=max_q_value)
    return edge_table(strength, sign, more, top=top, min_weight=min_weight, thresholds=thresholds)


def _by_name(adata: AnnData, name: str) -> str:
    """Return the key of the network called ``name``, or ``name`` itself if there is no such network."""
    return next((key for key in adata.varp if _is_network(adata, key) and _name(adata, key) == name), name)


def _name(adata: AnnData, key: str) -> str:
    return str(adata.uns[key].get("name", key))


def _is_network(adata: AnnData, key: str) -> bool:
    return key in adata.varp and is_ours(adata, key, NETWORK)


def _rows(adata: AnnData, key: str, regulators: pd.Index) -> pd.DataFrame:
    matrix = adata.varp[key][adata.var_names.get_indexer(regulators)]
    values = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)
    return pd.DataFrame(values, index=regulators, columns=adata.var_names)
