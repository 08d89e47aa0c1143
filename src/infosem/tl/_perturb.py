"""In-silico knock-out and over-expression."""

from __future__ import annotations

import logging
from typing import Any, Literal

import pandas as pd
from anndata import AnnData
from scvi import REGISTRY_KEYS

from infosem.data import _keys
from infosem.data._manager import state_of
from infosem.data._places import SHIFT, note, require_place
from infosem.model._infosem import InfoSEM
from infosem.model._intervention_methods import intervention_shift

logger = logging.getLogger(__name__)


def perturb(
    adata: AnnData,
    gene: str,
    *,
    model: InfoSEM,
    to: float | None = None,
    fold: float | None = None,
    propagation: Literal["steady-state", "direct"] = "steady-state",
    key_added: str = _keys.PERTURBATION,
) -> pd.DataFrame:
    r"""Predict the shift of each cell when a regulator is knocked out, over-expressed or held at a level.

    Let :math:`h = m_\phi(x)` be the latent state of a cell and :math:`c` the latent state of gene :math:`i` at its new
    expression. The intervention :math:`\mathrm{do}(h_i = c)` holds the gene at :math:`c` and cuts its incoming edges.
    The other genes shift by

    .. math:: \Delta h_{-i} = (c - h_i) \, \delta A_{i,-i} (I - \delta A_{-i,-i})^{-1}, \qquad
              \Delta x = \mu_\theta(h + \Delta h) - \mu_\theta(h) .

    From unperturbed cells, the model learns associations, and its structure determines their direction. Read the result
    as a hypothesis. On four curated networks with known signs, knock-outs shift .91 of the direct targets in the right
    direction; the sign of the correlation is right for .87 (``benchmarks/perturbation.py``).

    Parameters
    ----------
    adata
        Annotated data matrix of the cells, with the genes of the model.
    gene
        Regulator to perturb.
    model
        Trained model.
    to
        New log-normalised expression. If neither ``to`` nor ``fold`` is given it is 0, a knock-out.
    fold
        New expression as a multiple of the cell's own expression before log transformation.
    propagation
        ``"steady-state"`` propagates effects through the network until they converge. ``"direct"`` takes one step, the
        first-order effect.
    key_added
        Key in ``layers`` for the shift of each cell, and in ``uns`` for the parameters.

    Returns
    -------
    DataFrame with one row for each gene except the perturbed one, in descending order of the absolute mean shift, and
    the columns ``effect`` (latent, per unit of :math:`\Delta h_i`), ``shift`` (mean change of the log-normalised
    expression over the cells) and ``sd`` (over the cells).

    Raises
    ------
    ValueError
        If ``gene`` is not a regulator, or if a model of ``preset="paper"`` uses non-zero values only and the
        intervention depends on the meaning of a zero (``to``, or ``fold=0``).
    """
    key_added = require_place(adata, "layers", key_added, SHIFT)
    if to is None and fold is None:
        to = 0.0
    radius = model.get_spectral_radius(gene)
    effects = model.get_total_effects(gene, propagation=propagation)
    shift = intervention_shift(model, gene, effects, to, fold, adata)
    table = pd.DataFrame({"effect": effects, "shift": shift.mean(), "sd": shift.std(ddof=0)}).drop(index=gene)
    adata.layers[key_added] = shift.to_numpy()
    setup = model.registry_["setup_args"]
    change = {"to": to} if fold is None else {"fold": fold}
    adata.uns[key_added] = note(
        "tl.perturb",
        SHIFT,
        gene=gene,
        **{name: float(value) for name, value in change.items() if value is not None},
        propagation=propagation,
        spectral_radius=radius,
        largest_mean_shift=float(table["shift"].abs().max()),
        layer=setup["layer"] or "X",
        **_normalisation(model),
    )
    logger.info(
        "%s held at %s, %s effects (spectral radius %.2f): adata.layers[%r].",
        gene,
        f"{to:g}" if fold is None else f"{fold:g} times its expression",
        propagation,
        radius,
        key_added,
    )
    return table.sort_values("shift", key=abs, ascending=False, kind="stable")


def _normalisation(model: InfoSEM) -> dict[str, Any]:
    """Return how the model normalised counts, which is empty if it did not."""
    normalisation = state_of(model.registry_, REGISTRY_KEYS.X_KEY)["normalisation"]
    if normalisation is None:
        return {}
    return {
        "reference": normalisation.reference,
        "size_factor_key": model.registry_["setup_args"]["size_factor_key"] or "",
        **({} if normalisation.levels is None else {"levels": normalisation.levels}),
    }
