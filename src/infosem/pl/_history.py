"""Curves of training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from infosem.pl._style import BLUE, GREEN, VERMILION, ink, legend_below, prepare

if TYPE_CHECKING:
    from infosem import InfoSEM

_PARTS = {
    "reconstruction_loss": ("reconstruction", BLUE),
    "kl_local": ("KL of the latent noise", VERMILION),
}


def history(model: InfoSEM, *, ax: Axes | None = None) -> Axes:
    """Draw how the negative ELBO and its three terms changed in training.

    In nats per cell, from the first epoch on: their values lie hundreds of nats apart, most of it constants, and the
    prior's is negative, which leaves no common axis and no logarithm. The negative ELBO is, up to factors and
    constants, the loss that is minimised; the terms say what it gained by and what it paid. A term that still moves in
    the last epochs is not done.

    Of cells held out (``model.train(train_size=0.9, check_val_every_n_epoch=1)``) the two terms that depend on cells
    are drawn dashed, from the same origin: a dashed curve that rises while the other one falls is overfitting.

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
        If the model is not trained, not even for one epoch.
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
    """The change of a curve since the first epoch of another, with a dot where it is short."""
    ax.plot(curve.index, curve - of.iloc[0], marker="o" if len(of) <= 30 else "", ms=2.5, **style)
