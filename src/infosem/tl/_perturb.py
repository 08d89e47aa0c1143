"""In-silico knock-out and over-expression."""

from __future__ import annotations

import logging
from typing import Literal

import pandas as pd
from anndata import AnnData

from infosem.data import _keys
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
    r"""Expected shift of every cell if one regulator is knocked out, over-expressed or held.

    With :math:`h = m_\phi(x)` the latent state of a cell and :math:`c` that of gene :math:`i` at its new expression,
    the intervention :math:`\mathrm{do}(h_i = c)` holds the gene and cuts its incoming edges; the others shift by

    .. math:: \Delta h_{-i} = (c - h_i) \, \delta A_{i,-i} (I - \delta A_{-i,-i})^{-1}, \qquad
              \Delta x = \mu_\theta(h + \Delta h) - \mu_\theta(h) .

    What the model has learned from cells that were not perturbed is an association with a direction that its structure
    chose: read the result as a hypothesis. On four curated networks whose signs are known, knock-outs shift .91 of the
    direct targets the right way; the sign of the correlation is right for .87 (``benchmarks/perturbation.py``).

    Parameters
    ----------
    adata
        The cells, with the model's genes.
    gene
        A regulator.
    model
        A trained model.
    to
        New expression, in the units of the input; 0, a knock-out, if neither this nor ``fold`` is given.
    fold
        New expression as a multiple of each cell's own, before its logarithm.
    propagation
        ``"steady-state"`` follows effects through the network until they settle; ``"direct"`` takes one step, the
        first-order effect.
    key_added
        Each cell's shift goes to ``layers[key_added]``, what was done to ``uns[key_added]``.

    Returns
    -------
    A row for each gene but the perturbed one, the largest mean shift first: ``effect`` (latent, per unit of
    :math:`\Delta h_i`), ``shift`` (mean over the cells, in the units of the input), ``sd`` (over the cells).

    Raises
    ------
    ValueError
        If ``gene`` is no regulator, or a model of ``preset="paper"`` counts non-zero values only and the intervention
        needs to know what a zero means (``to``, or ``fold=0``).
    """
    key_added = require_place(adata, "layers", key_added, SHIFT)
    if to is None and fold is None:
        to = 0.0
    radius = model.get_spectral_radius(gene)
    effects = model.get_total_effects(gene, propagation=propagation)
    shift = intervention_shift(model, gene, effects, to, fold, adata)
    table = pd.DataFrame({"effect": effects, "shift": shift.mean(), "sd": shift.std(ddof=0)}).drop(index=gene)
    adata.layers[key_added] = shift.to_numpy()
    change = {"to": to} if fold is None else {"fold": fold}
    adata.uns[key_added] = note(
        "tl.perturb",
        SHIFT,
        gene=gene,
        **{name: float(value) for name, value in change.items() if value is not None},
        propagation=propagation,
        spectral_radius=radius,
        largest_mean_shift=float(table["shift"].abs().max()),
        layer=model.registry_["setup_args"]["layer"] or "X",
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
