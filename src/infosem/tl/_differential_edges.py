"""Edges that differ between two networks."""

from __future__ import annotations

from reprlib import repr as shown
from typing import overload

import numpy as np
import pandas as pd

from infosem.data._arguments import share
from infosem.model._infosem import InfoSEM
from infosem.statistics._group_deviations import differing, q_values
from infosem.tl._differences_of_tables import differences_of_tables


@overload
def differential_edges(networks: InfoSEM, first: str, second: str, *, max_q_value: float = 1.0) -> pd.DataFrame: ...


@overload
def differential_edges(networks: pd.DataFrame, first: pd.DataFrame) -> pd.DataFrame: ...


def differential_edges(networks, first, second=None, *, max_q_value=1.0):  # type: ignore[no-untyped-def]
    r"""Find the edges that differ between two groups of cells, at a false discovery rate, or between two networks.

    **Groups of a model**, ``differential_edges(model, "B", "T")``. The networks of the groups are estimated together
    (``group_key`` of :meth:`infosem.InfoSEM.setup_anndata`), with the probability :math:`p_{ij}` that regulator
    :math:`i` has a direct effect on gene :math:`j` in one of the two groups only. The false discovery rate among all
    pairs that are at least as probable is

    .. math:: q_{ij} = \operatorname{mean}\{1 - p_{kl}: p_{kl} \geq p_{ij}\} .

    Groups of a few hundred cells show few differences. The probabilities describe the sampling of cells, not of donors.

    **Edge tables**, ``differential_edges(first, second)``, for example of two models. Their edges are ranked by the
    difference of their strengths, without a test. Absolute sizes of weights depend on the model, so each network is
    divided by its mean absolute weight. For ensembles, the difference is also compared with the standard deviation over
    their models:

    .. math:: r_{ij} = \frac{w_{ij}}{\overline{|w|}}, \qquad d_{ij} = |r^{(2)}_{ij}| - |r^{(1)}_{ij}|, \qquad
              z_{ij} = \frac{d_{ij}}{\sqrt{s^{(1)2}_{ij} + s^{(2)2}_{ij}}}

    Parameters
    ----------
    networks
        Trained model with groups of cells; or the first of two complete edge tables of the same regulators and genes,
        from models with the same priors. A pair that one table does not list has weight zero there. Genes without any
        edge in one of the tables are left out and counted in the log.
    first, second
        Names of two groups of the model; or, as ``first``, the second edge table.
    max_q_value
        Largest false discovery rate of the edges to return. For groups only.

    Returns
    -------
    For groups, a DataFrame with the columns ``source``, ``target``, ``weight_first``, ``weight_second`` (signed
    strength in each group), ``effect_first``, ``effect_second`` (direct effects, in standard deviations within groups),
    ``probability`` (:math:`p`) and ``q_value`` (:math:`q`), the most probable differences first.

    For edge tables, a DataFrame with the columns ``source``, ``target``, ``weight_first``, ``weight_second``,
    ``relative_first``, ``relative_second`` (:math:`r`), ``difference`` (:math:`d`) and, for two ensembles, ``z``,
    sorted by absolute difference. :math:`z` is a score, not a test statistic.

    Raises
    ------
    TypeError
        If ``networks`` is neither a model nor an edge table, or if it is a model and a group is not named.
    ValueError
        If a group does not exist, or if all weights of a table are zero.
    """
    if isinstance(networks, InfoSEM):
        share(max_q_value, "max_q_value")
        return _differences_of_groups(networks, first, second, max_q_value)
    return differences_of_tables(networks, first)


def _differences_of_groups(model: InfoSEM, first: str, second: str, max_q_value: float) -> pd.DataFrame:
    probability, q = group_differences(model, first, second)
    row, column = np.nonzero(q <= max_q_value)
    order = np.lexsort((-probability[row, column], q[row, column]))
    pairs = row[order], column[order]
    of_groups = [model._edge_data(group) for group in (first, second)]
    weights = [
        model.get_strength(group=group).to_numpy()[pairs] * np.where(edges.facts.signs[pairs] < 0, -1, 1)
        for group, edges in zip((first, second), of_groups, strict=True)
    ]
    return pd.DataFrame(
        {
            "source": np.asarray(model.regulator_names, dtype=object)[pairs[0]],
            "target": np.asarray(model.gene_names, dtype=object)[pairs[1]],
            "weight_first": weights[0],
            "weight_second": weights[1],
            "effect_first": of_groups[0].adjacency[pairs],
            "effect_second": of_groups[1].adjacency[pairs],
            "probability": probability[pairs],
            "q_value": q[pairs],
        }
    )


def group_differences(model: InfoSEM, first: str, second: str) -> tuple[np.ndarray, np.ndarray]:
    """Return how probably each edge differs between two groups, and its q value, ``(R, G)`` each.

    The q value of a pair that cannot be an edge is NaN.
    """
    if not isinstance(first, str) or not isinstance(second, str):
        raise TypeError(
            f"first={shown(first)} and second={shown(second)} must be the names of two groups: "
            "differential_edges(model, 'B', 'T')."
        )
    groups = [model._group_number(name) for name in (first, second)]
    if groups[0] == groups[1]:
        raise ValueError(f"first and second are the same group, {first!r}. Name two groups of {model.group_names}.")
    facts = model.edge_facts_.groups
    assert facts is not None
    possible = model.module.adjacency.possible().cpu().numpy()
    probability = differing(facts.states, groups[0], groups[1], model.module.regulators.cpu().numpy())
    return probability, np.where(possible, q_values(probability, possible), np.float32(np.nan))
