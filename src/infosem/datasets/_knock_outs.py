"""Deterministic effects of knock-outs under the equations of SERGIO."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
import pandas as pd

HILL = 2
"""Hill coefficient of the response to a regulator."""


def knock_out_shifts(
    strength: pd.DataFrame, production: np.ndarray, decay: float, knock_outs: Sequence[str]
) -> pd.DataFrame:
    r"""Compute the relative change of the mean expression of each gene over all cell types, for each knock-out.

    .. math::

        x_j = \frac{1}{\delta} \Big(b_j + \sum_{i:\, k_{ij} > 0} k_{ij} \frac{x_i^2}{h_i^2 + x_i^2}
              + \sum_{i:\, k_{ij} < 0} |k_{ij}| \frac{h_i^2}{h_i^2 + x_i^2}\Big), \qquad
        s_{qj} = \frac{\sum_t x_{tj}^{(q)}}{\sum_t x_{tj}} - 1

    for each cell type :math:`t`, with :math:`x_q^{(q)} = 0`. The half-response :math:`h_i` is the mean of :math:`x_i`
    over the cell types before the knock-out, and does not change. This is the steady state of SERGIO without noise.
    (The package ``sergio_rs`` instead knocks out a regulator by removing its edges, so that repressed targets fall,
    too.)

    Parameters
    ----------
    strength
        Signed strengths :math:`k`, genes x genes, row = regulator, without cycles.
    production
        Basal production :math:`b`, cell types x genes, zero for genes that have regulators.
    decay
        Decay rate :math:`\delta`.
    knock_outs
        Names of the regulators :math:`q` to knock out.

    Returns
    -------
    :math:`s`, one row per knock-out and one column per gene: -1 for the regulator itself, 0 for genes not downstream.
    """
    k = strength.to_numpy()
    order = list(nx.topological_sort(nx.from_numpy_array(k != 0, create_using=nx.DiGraph)))
    half = np.zeros(len(k))

    def steady_state(out: int | None) -> np.ndarray:
        x = np.zeros(production.shape)
        for j in order:
            if j == out:
                continue
            sources = np.flatnonzero(k[:, j])
            response = x[:, sources] ** HILL / (half[sources] ** HILL + x[:, sources] ** HILL)
            response = np.where(k[sources, j] > 0, response, 1 - response)
            x[:, j] = (production[:, j] + response @ np.abs(k[sources, j])) / decay
            if out is None:
                half[j] = x[:, j].mean()
        return x

    before = steady_state(None).sum(axis=0)
    places = strength.index.get_indexer(pd.Index(knock_outs))
    shifts = [steady_state(int(place)).sum(axis=0) / before - 1 for place in places]
    return pd.DataFrame(np.reshape(shifts, (len(knock_outs), len(k))), index=list(knock_outs), columns=strength.columns)
