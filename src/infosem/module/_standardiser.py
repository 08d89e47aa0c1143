"""Standardisation of cells: sequencing depth, batch and covariates, location and scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import torch
from scvi import REGISTRY_KEYS
from torch import Tensor, nn

from infosem.data._counts import LogNormalisation
from infosem.data._moments import Standardisation
from infosem.statistics._adjustment import Adjustment
from infosem.statistics._design import DesignSizes

_LARGEST = 10.0
"""Largest absolute value of the standardised expression."""
_NO_COVARIATES = DesignSizes()


@dataclass(frozen=True)
class Cells:
    """Cells as the model sees them.

    Attributes
    ----------
    registered
        Expression as registered, ``(B, G)``: counts, or log-normalised.
    x
        Log-normalised expression, ``(B, G)``.
    location, scale
        Expected expression and standard deviation given batch and covariates, ``(G,)`` or ``(B, G)``.
    size_factor
        Size factor of each cell, ``(B, 1)``. ``None`` if the expression was registered log-normalised.
    """

    registered: Tensor
    x: Tensor
    location: Tensor
    scale: Tensor
    size_factor: Tensor | None

    def of_gene(self, column: int, x: Tensor) -> Cells:
        """Return the same cells with one gene only, at another log-normalised expression, ``(B, 1)``."""
        gene = slice(column, column + 1)
        return Cells(x, x, self.location[..., gene], self.scale[..., gene], self.size_factor)

    def unclipped(self) -> Tensor:
        """Return the standardised expression, ``(B, G)``, with outliers."""
        return (self.x - self.location) / self.scale

    def standardised(self) -> Tensor:
        """Return the standardised expression, ``(B, G)``, clipped to [-10, 10]."""
        return self.unclipped().clamp(-_LARGEST, _LARGEST)

    def restore(self, standardised: Tensor) -> Tensor:
        """Transform standardised values, ``(B, G)``, to log-normalised expression."""
        return standardised * self.scale + self.location


class Standardiser(nn.Module):
    r"""Map from cells as they are registered to their standardised expression.

    .. math:: z_{cj} = \frac{x_{cj} - m_j - \beta_{b(c) j} - \sum_k \gamma_{k(c) j} - v_c \delta_j}
              {s_{b(c) j}\, \sigma_j}

    :math:`x` is log-normalised. The terms are those of ``statistics/_adjustment.py``; without batches and
    covariates, :math:`z_{cj} = (x_{cj} - m_j) / \sigma_j`.

    Parameters
    ----------
    genes
        Mean and standard deviation of each gene.
    sizes
        Numbers of batches, categories and covariates.
    normalisation
        Normalisation of counts, or ``None`` if the expression is log-normalised.
    """

    mean: Tensor
    sd: Tensor
    by_batch: Tensor
    by_category: Tensor
    slopes: Tensor
    value_mean: Tensor
    value_sd: Tensor
    batch_scale: Tensor
    levels: Tensor | None

    def __init__(
        self,
        genes: Standardisation,
        sizes: DesignSizes = _NO_COVARIATES,
        normalisation: LogNormalisation | None = None,
    ) -> None:
        super().__init__()
        self.normalisation, self.sizes = normalisation, sizes
        self._register("mean", genes.mean)
        self._register("sd", genes.sd)
        levels = None if normalisation is None else normalisation.levels
        self.register_buffer("levels", None if levels is None else torch.as_tensor(levels, dtype=torch.float32))
        if sizes.is_empty:
            return
        n_genes = len(genes.mean)
        self._register("by_batch", np.zeros((sizes.n_batches, n_genes)))
        self._register("by_category", np.zeros((sum(sizes.n_categories), n_genes)))
        self._register("slopes", np.zeros((sizes.n_values, n_genes)))
        self._register("value_mean", np.zeros(sizes.n_values))
        self._register("value_sd", np.ones(sizes.n_values))
        self._register("batch_scale", np.ones((sizes.n_batches, n_genes)))

    def _register(self, name: str, values: np.ndarray) -> None:
        self.register_buffer(name, torch.as_tensor(values, dtype=torch.float32))

    def adjust(self, adjustment: Adjustment) -> None:
        """Set location and scale by batch and covariates."""
        for field in fields(adjustment):
            getattr(self, field.name).copy_(torch.as_tensor(getattr(adjustment, field.name)))

    def average(self) -> Cells:
        """Return a cell of average batch and covariates in which each gene has its mean, ``(1, G)``."""
        x = self.mean[None]
        return Cells(x, x, self.mean, self.sd, None)

    def random_cells(self, n: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Return a minibatch of ``n`` cells of the first batch and categories, in which genes vary independently."""
        noise = self.mean.new_empty(n, len(self.mean)).normal_(generator=generator)
        x = (self.mean + self.sd * noise).clamp_min(0)
        zeros = x.new_zeros(n, max(1, len(self.sizes.n_categories), self.sizes.n_values))
        tensors = {
            REGISTRY_KEYS.X_KEY: x,
            REGISTRY_KEYS.BATCH_KEY: zeros[:, :1],
            REGISTRY_KEYS.CAT_COVS_KEY: zeros[:, : len(self.sizes.n_categories)],
            REGISTRY_KEYS.CONT_COVS_KEY: zeros[:, : self.sizes.n_values],
        }
        if self.normalisation is not None:
            tensors[REGISTRY_KEYS.X_KEY] = torch.expm1(x).round()
            tensors[REGISTRY_KEYS.SIZE_FACTOR_KEY] = zeros[:, :1] + self.normalisation.reference
        return tensors

    def forward(self, tensors: Mapping[str, Tensor]) -> Cells:
        """Return the cells of a minibatch."""
        registered = tensors[REGISTRY_KEYS.X_KEY].to(self.mean.dtype)
        x, factor = registered, None
        if self.normalisation is not None:
            sizes = tensors.get(REGISTRY_KEYS.SIZE_FACTOR_KEY)
            factor = self.normalisation.factors(registered, sizes, self.levels)
            x = torch.log1p(registered / factor)
        if self.sizes.is_empty:
            return Cells(registered, x, self.mean, self.sd, factor)
        batch = tensors.get(REGISTRY_KEYS.BATCH_KEY)
        code = torch.zeros(len(x), dtype=torch.int64, device=x.device) if batch is None else batch[:, 0].long()
        location = self.mean + self.by_batch[code]
        first = 0
        for k, n_categories in enumerate(self.sizes.n_categories):
            location = location + self.by_category[first + tensors[REGISTRY_KEYS.CAT_COVS_KEY][:, k].long()]
            first += n_categories
        if self.sizes.n_values:
            values = (tensors[REGISTRY_KEYS.CONT_COVS_KEY].to(x) - self.value_mean) / self.value_sd
            location = location + values @ self.slopes
        return Cells(registered, x, location, self.sd * self.batch_scale[code], factor)
