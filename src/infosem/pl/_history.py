"""Plot of training curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from infosem.pl._style import BLUE, GREEN, VERMILION, ink, legend_below, prepare

if TYPE_CHECKING:
    from infosem.model._infosem import InfoSEM

_PARTS = {
    "reconstruction_loss": ("reconstruction", BLUE),
    "kl_local": ("KL of the latent noise", VERMILION),
}


def history(model: InfoSEM, *, ax: Axes | None = None) -> Axes:
    """Plot the change of the negative ELBO and its three terms during training.

    The curves show the change since the first epoch, in nats per cell. The values themselves lie hundreds of nats
    apart, mostly because of constants, and the prior term is negative, so that neither a common axis nor a logarithmic
    one would fit. The negative ELBO is the minimised loss up to factors and constants; its terms show where the loss
    improved and at what cost. A term that still changes in the last epochs has not converged.

    If cells are held out (``model.train(train_size=0.9, check_val_every_n_epoch=1)``), the two terms that depend on
    cells are also drawn for these cells, as dashed curves from the same origin. A dashed curve that rises while the
    solid one falls indicates overfitting.

    Parameters
    ----------
    model
        A trained model.
    ax
        Axes to draw on.

    Returns
    -------
    The Axes.

    Raises
    ------
    RuntimeError
        If the model has not been trained for at least one epoch.
    """
    if not model.history or "elbo_train" not in model.history:
        raise RuntimeError("There is no finished epoch to draw: train the model first, model.train().")
    curves = {name: table.iloc[:, 0].astype(float) for name, table in model.history.items()}
    ax = prepare(ax, (5, 3.5))
    total = curves["elbo_train"]
    prior = total - sum(curves[f"{part}_train"] for part in _PARTS)
    _curve(ax, total, total, color=ink(ax), lw=2, label="negative ELBO")
    for part, (label, colour) in _PARTS.items():
        _curve(ax, curves[f"{part}_train"], curves[f"{part}_train"], color=colour, label=label)
    _curve(ax, prior, prior, color=GREEN, label="prior of the network")
    handles = ax.get_legend_handles_labels()[0]
    for part, (_, colour) in _PARTS.items():
        if f"{part}_validation" in curves:
            _curve(ax, curves[f"{part}_validation"], curves[f"{part}_train"], color=colour, ls="--")
            held_out = Line2D([], [], color=ink(ax), ls="--", label="held-out cells")
            handles = [*handles[:4], held_out]
    ax.set(xlabel="epoch", ylabel="change [nats per cell]")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_below(ax, handles=handles, ncols=2)
    return ax


def _curve(ax: Axes, curve: pd.Series, of: pd.Series, **style: Any) -> None:
    """Plot ``curve`` relative to the first epoch of ``of``, with markers if there are few epochs."""
    ax.plot(curve.index, curve - of.iloc[0], marker="o" if len(of) <= 30 else "", ms=2.5, **style)
