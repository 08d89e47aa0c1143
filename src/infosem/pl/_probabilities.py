"""Plot of edge probabilities by known interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from infosem.pl._prior_posterior import possible_pairs
from infosem.pl._style import BLUE, GREY, VERMILION, legend, prepare

if TYPE_CHECKING:
    from infosem.model._infosem import InfoSEM

_GROUPS = {0: ("unobserved", GREY), -1: ("known non-edges", VERMILION), 1: ("known edges", BLUE)}
_N_BINS = 50


def probabilities(model: InfoSEM, *, ax: Axes | None = None) -> Axes:
    r"""Plot the edge probabilities :math:`\sigma(A_l)` of known edges, known non-edges and unobserved pairs.

    Each distribution is normalised to 100 % of its pairs. How much the labels tell about an unobserved pair depends on
    the model:

    - With :class:`~infosem.scores.KernelEdges`, it is the distance of the probability from the rate of edges among the
      labels. A pair stays near this rate if the labels of its genes and of similar genes are uninformative. If all
      labels are of one kind, one half takes the place of this rate. Known pairs have probabilities .95 and .05 by
      definition.
    - With :class:`~infosem.module.LowRankEdges`, it is the distance of the probability from one half, towards which the
      prior of the factors shrinks it.

    Parameters
    ----------
    model
        A trained model with known interactions.
    ax
        Axes to draw on.

    Returns
    -------
    The Axes.

    Raises
    ------
    ValueError
        If the model has no known interactions.

    See Also
    --------
    infosem.pl.prior_posterior : Plot the effect of the text prior.
    """
    known, learned = model.get_known_interactions(), model.get_probabilities()
    if known is None or learned is None:
        raise ValueError(
            "This model has no known interactions. Register them, infosem.pp.known_interactions(adata, edges) before "
            "setup_anndata, or draw its text prior: infosem.pl.prior_posterior(model)."
        )
    possible = possible_pairs(learned)
    state, probability = known.to_numpy()[possible], learned.to_numpy()[possible]
    ax = prepare(ax, (5, 3.5))
    bins = np.linspace(0, 1, _N_BINS + 1)
    for value, (label, colour) in _GROUPS.items():
        group = probability[state == value]
        if len(group):
            share = 100 * np.histogram(group, bins)[0] / len(group)
            label = f"{label} ({len(group):,})"
            ax.stairs(share, bins, fill=value == 0, color=colour, alpha=0.6 if value == 0 else 1, lw=1.5, label=label)
    ax.set_xlim(0, 1)
    ax.set(xlabel="edge probability", ylabel="share of the pairs [%]")
    legend(ax, loc="best")
    return ax
