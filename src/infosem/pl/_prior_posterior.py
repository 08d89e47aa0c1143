"""Plot of learned effects against their prior mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from scipy.stats import pearsonr

from infosem.pl._style import halo, ink, prepare, sequential, text_size

if TYPE_CHECKING:
    from infosem.model._infosem import InfoSEM

_GRID = 60


def prior_posterior(model: InfoSEM, *, ax: Axes | None = None) -> Axes:
    r"""Plot the learned effects :math:`A_e` against their prior mean :math:`c + u_i + v_j` (Eq. 9).

    The colour of a hexagon is the number of pairs in it. Pairs on the dashed line have the effect that the text
    predicts; their distance from the line is what expression added. The coefficients of the prior mean are learned
    from the same cells, so that agreement of the two does not validate the text.

    Parameters
    ----------
    model
        A trained model with a text prior.
    ax
        Axes to draw on.

    Returns
    -------
    The Axes.

    Raises
    ------
    ValueError
        If the model has no text prior.

    See Also
    --------
    infosem.pl.probabilities : Plot the effect of known interactions.
    """
    mean = model.get_prior_mean()
    if mean is None:
        raise ValueError(
            "This model has no text prior. Register embeddings, infosem.InfoSEM.setup_anndata(adata, "
            "embedding_key=...), or draw its known interactions: infosem.pl.probabilities(model)."
        )
    effects = model.get_effects()
    possible = possible_pairs(effects)
    prior, learned = mean.to_numpy()[possible], effects.to_numpy()[possible]
    ax = prepare(ax, (5, 4))
    hexagons = ax.hexbin(
        prior, learned, gridsize=_GRID, bins="log", mincnt=1, cmap=sequential(ax), linewidths=0.1, rasterized=True
    )
    bar = ax.figure.colorbar(hexagons, ax=ax, aspect=30, pad=0.02)
    bar.set_label("number of pairs", fontsize=text_size(ax))
    bar.ax.tick_params(which="both", labelsize=text_size(ax))
    bar.outline.set_visible(False)
    ax.axline((prior.mean(), prior.mean()), slope=1, color=ink(ax), lw=0.9, ls="--")
    ax.text(
        0.03, 0.97, f"r = {pearsonr(prior, learned).statistic:.2f}", transform=ax.transAxes, va="top",
        fontsize=text_size(ax), path_effects=halo(ax),
    )  # fmt: skip
    ax.set(xlabel="prior mean of the effect", ylabel="learned effect")
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    return ax


def possible_pairs(matrix: pd.DataFrame) -> np.ndarray:
    """Return a mask of the pairs of a regulators x genes matrix that can be edges: all but self-loops."""
    return matrix.index.to_numpy()[:, None] != matrix.columns.to_numpy()
