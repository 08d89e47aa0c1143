"""Predicted effects of an intervention on one gene."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Literal, get_args

import pandas as pd
import torch
from anndata import AnnData
from torch import Tensor

from infosem.data._arguments import number
from infosem.model._base import NetworkModel
from infosem.model._cell_methods import cells_frame
from infosem.module._sem import cut_incoming, spectral_radius, total_effects

logger = logging.getLogger(__name__)

Propagation = Literal["steady-state", "direct"]

_LARGEST_RADIUS = 0.95


class InterventionMethods(NetworkModel):
    r"""Methods of :class:`infosem.InfoSEM` on interventions :math:`\mathrm{do}(h_i = c)`."""

    def get_spectral_radius(self, gene: str | None = None) -> float:
        r"""Return the spectral radius of :math:`A`, the largest absolute value of its eigenvalues.

        If it is below one, :math:`(I - A)^{-1} = I + A + A^2 + \ldots`, and effects that propagate through the network
        converge.

        Parameters
        ----------
        gene
            Regulator that is held. If given, the spectral radius of :math:`A_{-i,-i}` is returned, without this gene.
        """
        weights, regulators = self._adjacency().weights, self.module.regulators
        if gene is not None:
            weights = cut_incoming(weights, regulators, _row_of(self, gene))
        return spectral_radius(weights, regulators)

    def get_total_effects(self, gene: str, *, propagation: Propagation = "steady-state") -> pd.Series:
        r"""Return the effects of a unit increase of one regulator on all genes, in latent units.

        .. math:: \frac{\Delta h_{-i}}{\Delta h_i} = \delta A_{i,-i} (I - \delta A_{-i,-i})^{-1}
                  \quad \text{or, direct effects only,} \quad A_{i,-i}

        Under :math:`\mathrm{do}(h_i = c)`, gene :math:`i` is held and its incoming edges are cut. The damping
        :math:`\delta` is one unless the spectral radius of :math:`A_{-i,-i}` is above .95, beyond which feedback loops
        may not converge. In that case :math:`\delta A_{-i,-i}` has a spectral radius of .95.

        Parameters
        ----------
        gene
            Name of the regulator.
        propagation
            ``"steady-state"`` propagates effects through the network until they converge. ``"direct"`` takes direct
            effects only.

        Returns
        -------
        Effect on each gene, which is one for ``gene`` itself.

        Raises
        ------
        ValueError
            If ``gene`` is not a regulator.
        """
        if propagation not in get_args(Propagation):
            raise ValueError(
                f"propagation={propagation!r} is not one of {', '.join(map(repr, get_args(Propagation)))}."
            )
        row, weights, regulators = _row_of(self, gene), self._adjacency().weights, self.module.regulators
        if propagation == "direct":
            effects = weights[row].clone()
            effects[regulators[row]] = 1
        else:
            radius = self.get_spectral_radius(gene)
            if radius > _LARGEST_RADIUS:
                logger.info("Effects of %s are damped: their spectral radius is %.2f.", gene, radius)
                weights = weights * (_LARGEST_RADIUS / radius)
            effects = total_effects(weights, regulators, row)
        return pd.Series(effects.cpu().numpy(), index=self.gene_names, name=gene)

    def get_intervention_shift(
        self,
        gene: str,
        *,
        to: float | None = None,
        fold: float | None = None,
        propagation: Propagation = "steady-state",
        adata: AnnData | None = None,
        indices: Sequence[int] | None = None,
        batch_size: int | None = None,
    ) -> pd.DataFrame:
        r"""Return the predicted change of expression in each cell if one regulator is held.

        Let :math:`h = m_\phi(\tilde x)` be the latent state of the cell, :math:`c = m_\phi(x_i')` the latent state of
        the regulator at its new expression, and :math:`s` its effects, from :meth:`get_total_effects`. The change is

        .. math:: \Delta x = \mu_\theta(h + (c - h_i) s) - \mu_\theta(h)

        and :math:`x_i' - x_i` for the regulator itself. It is a difference of two expected values, which are both at
        least zero. Its sum with a measured value, which has noise, can be negative.

        Parameters
        ----------
        gene
            Name of the regulator.
        to
            New log-normalised expression. Zero is a knock-out. Give either this or ``fold``.
        fold
            New expression as a multiple of the expression in the cell, before the logarithm: :math:`x_i' = \log(1 + f
            (e^{x_i} - 1))`.
        propagation
            See :meth:`get_total_effects`.
        adata, indices, batch_size
            See :meth:`get_latent_representation`.

        Returns
        -------
        Change of log-normalised expression, cells x genes, float32.

        Raises
        ------
        ValueError
            If ``gene`` is not a regulator, or not exactly one of ``to`` and ``fold`` is given. Also if a model with
            ``preset="paper"`` counts non-zero values only and the intervention needs the latent state of a zero, which
            is the case with ``to``, or with a ``fold`` of zero.
        """
        effects = self.get_total_effects(gene, propagation=propagation)
        return intervention_shift(self, gene, effects, to, fold, adata, indices, batch_size)


def intervention_shift(
    model: NetworkModel,
    gene: str,
    total_effects: pd.Series,
    to: float | None,
    fold: float | None,
    adata: AnnData | None,
    indices: Sequence[int] | None = None,
    batch_size: int | None = None,
) -> pd.DataFrame:
    """Compute :meth:`InterventionMethods.get_intervention_shift` for given total effects of the regulator."""
    module = model.module
    if (to is None) == (fold is None):
        raise ValueError(f"to={to} and fold={fold}: give one of the two.")
    name, value = ("to", to) if fold is None else ("fold", fold)
    value = number(value, name, least=0)
    if module.likelihood.mask_zeros and module.denoiser is None and not fold:
        raise ValueError(
            f"{name}={value:g}, but this model counts non-zero values only (preset='paper'): it has not learned what "
            f"it means that {gene!r} is zero, now or before. Fit InfoSEM(adata), or change what is expressed: "
            "fold= above zero."
        )
    effects = torch.as_tensor(total_effects.to_numpy(copy=True))
    column = model.gene_names.index(gene)

    def shift(_: dict[str, Tensor], inference: dict[str, Any]) -> Tensor:
        cells, h, gene_only = inference["cells"], inference["h"], slice(column, column + 1)
        of_gene = cells.x[:, gene_only]
        held = torch.full_like(of_gene, value) if fold is None else torch.log1p(value * torch.expm1(of_gene))
        changed = module.latent_state(cells, held, column)
        moved = h + (changed - h[:, gene_only]) * effects.to(h)
        before, after = (cells.restore(module.decode(state).mean).clamp_min(0) for state in (h, moved))
        difference = after - before
        difference[:, gene_only] = held - of_gene
        return difference

    return cells_frame(model, shift, adata, indices, batch_size)


def _row_of(model: NetworkModel, gene: str) -> int:
    if gene not in model.regulator_names:
        why = "has no targets: it is not a regulator" if gene in model.gene_names else "is not among the genes"
        raise ValueError(
            f"{gene!r} {why}. The {len(model.regulator_names)} regulators are {', '.join(model.regulator_names[:5])}"
            f"{', ...' if len(model.regulator_names) > 5 else ''}."
        )
    return model.regulator_names.index(gene)
