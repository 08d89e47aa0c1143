"""Methods of the model that return values per cell: latent noise, denoised expression, ELBO and new cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import torch
from anndata import AnnData
from scvi.module.base import LossOutput
from torch import Tensor

from infosem.data._arguments import seed_number, whole_number
from infosem.data._noise import Noise
from infosem.data._shuffling import seeded
from infosem.data._streaming import as_tensor
from infosem.model._base import NetworkModel

BatchFunction = Callable[[dict[str, Tensor], dict[str, Any]], Tensor]
"""Function of a minibatch and of what :meth:`infosem.module.InfoSEMModule.inference` returns for it."""


class CellMethods(NetworkModel):
    """Methods of :class:`infosem.InfoSEM` that return values per cell.

    Their common parameters are ``adata`` (cells with the same genes, by default those of the model), ``indices``
    (indices of the cells in the order of the result, by default all) and ``batch_size``. The scalar networks are
    evaluated exactly.
    """

    def get_latent_representation(
        self,
        adata: AnnData | None = None,
        *,
        indices: Sequence[int] | None = None,
        batch_size: int | None = None,
    ) -> np.ndarray:
        r"""Return the posterior mean of the latent noise, :math:`m_\phi(X)(I - A)`.

        Parameters
        ----------
        adata
            Cells with the same genes; by default those of the model.
        indices
            Indices of the cells, in the order of the result; by default all.
        batch_size
            Number of cells that are evaluated at a time.

        Returns
        -------
        Part of each gene that its regulators do not explain, cells x genes, float32.
        """
        return cell_by_cell(self, lambda _, inference: inference["qz"].mean, adata, indices, batch_size)

    def get_denoised_expression(
        self,
        adata: AnnData | None = None,
        *,
        indices: Sequence[int] | None = None,
        batch_size: int | None = None,
    ) -> pd.DataFrame:
        r"""Return the expression decoded from the posterior mean.

        The decoded mean :math:`\mu_\theta(H)` with :math:`H = m_\phi(X)` is scaled to log-normalised expression, with
        the location and scale of the cell's own batch. If the likelihood leaves zeros out, a zero is replaced by the
        value that is expected if the gene is detected.

        Parameters
        ----------
        adata, indices, batch_size
            See :meth:`get_latent_representation`.

        Returns
        -------
        Denoised log-normalised expression, cells x genes.
        """

        def decode(_: dict[str, Tensor], inference: dict[str, Any]) -> Tensor:
            px = self.module.generative(inference["qz"].mean, inference["adjacency"].weights)["px"]
            return inference["cells"].restore(px.mean)

        return cells_frame(self, decode, adata, indices, batch_size)

    def get_elbo(
        self,
        adata: AnnData | None = None,
        *,
        indices: Sequence[int] | None = None,
        batch_size: int | None = None,
    ) -> float:
        r"""Return the evidence lower bound per cell, in nats (Eqs. 8, 14, 15). Higher is better.

        One sample of :math:`q(Z)` per cell is drawn with the seed of the model. :math:`\log p(A)` is divided by the
        number of cells that the model was set up with. It is a density that depends on the scale of the prior, so
        compare only models with the same data and prior.

        Parameters
        ----------
        adata, indices, batch_size
            See :meth:`get_latent_representation`.

        Returns
        -------
        Mean over the cells of :math:`\log p(X \mid Z, A) - \tfrac{\beta M}{2NG} \mathrm{KL}`, plus
        :math:`\log p(A) / N`.
        """
        outputs = _losses(self, adata, indices, batch_size)
        total = sum(float(output.reconstruction_loss_sum + output.kl_local_sum) for output in outputs)
        n_cells = sum(output.n_obs_minibatch for output in outputs)
        return -total / n_cells - float(outputs[0].kl_global_sum) / self.module.n_cells

    def get_reconstruction_error(
        self,
        adata: AnnData | None = None,
        *,
        indices: Sequence[int] | None = None,
        batch_size: int | None = None,
    ) -> dict[str, float]:
        r"""Return minus the expected log likelihood, :math:`-\log p(X \mid Z, A)`, in nats per cell. Lower is better.

        Parameters
        ----------
        adata, indices, batch_size
            See :meth:`get_latent_representation`.

        Returns
        -------
        Dictionary ``{"reconstruction_loss": value}``, as in other models of scvi-tools.
        """
        outputs = _losses(self, adata, indices, batch_size)
        total = sum(float(output.reconstruction_loss_sum) for output in outputs)
        return {"reconstruction_loss": total / sum(output.n_obs_minibatch for output in outputs)}

    def sample_cells(self, n_cells: int, *, seed: int | None = None) -> pd.DataFrame:
        r"""Sample new cells from the generative model.

        Cells are drawn as :math:`Z \sim p(Z)`, :math:`H = Z(I - A)^{-1}`, :math:`X \sim p(X \mid H)`. Negative values
        are set to zero.

        Parameters
        ----------
        n_cells
            Number of cells to sample.
        seed
            Seed of the samples; by default that of the model.

        Returns
        -------
        Log-normalised expression of cells of average batch and covariates, cells x genes. If the likelihood leaves
        zeros out, these are values of detected genes, because dropout is not modelled.
        """
        self._check_if_trained(warn=False)
        n_cells = whole_number(n_cells, "n_cells", least=1)
        noise = Noise(self.seed_ if seed is None else seed_number(seed))
        with _inference(self.module):
            values = self.module.sample(n_cells, noise.on(self.module.device)).clamp_min(0).cpu().numpy()
        return pd.DataFrame(values, columns=self.gene_names)


def cells_frame(
    model: NetworkModel,
    function: BatchFunction,
    adata: AnnData | None,
    indices: Sequence[int] | None,
    batch_size: int | None,
) -> pd.DataFrame:
    """Evaluate a function that returns a value per gene, and return a table of cells x genes."""
    values = cell_by_cell(model, function, adata, indices, batch_size)
    data = model.adata if adata is None else adata
    assert data is not None  # as it was evaluated
    cells = data.obs_names
    return pd.DataFrame(values, index=cells if indices is None else cells[indices], columns=model.gene_names)


def cell_by_cell(
    model: NetworkModel,
    function: BatchFunction,
    adata: AnnData | None,
    indices: Sequence[int] | None,
    batch_size: int | None,
) -> np.ndarray:
    """Evaluate ``function`` for cells and their posterior, and return one row for each of ``indices`` in order."""
    adata = model._validate_anndata(adata)
    everyone = np.arange(adata.n_obs)
    # a file gives rows in its own order and once each
    cells, rows = np.unique(everyone if indices is None else everyone[indices], return_inverse=True)
    values = _evaluate(model, lambda *batch: function(*batch).cpu(), adata, cells, batch_size)
    return torch.cat(values).numpy()[rows]


def _losses(
    model: NetworkModel, adata: AnnData | None, indices: Sequence[int] | None, batch_size: int | None
) -> list[LossOutput]:
    model._check_if_trained(warn=False)
    module = model.module

    def loss(tensors: dict[str, Tensor], inference: dict[str, Any]) -> LossOutput:
        generative = module.generative(**module._get_generative_input(tensors, inference))
        return module.loss(tensors, inference, generative)

    return _evaluate(model, loss, model._validate_anndata(adata), indices, batch_size)


def _evaluate(
    model: NetworkModel,
    function: Callable[[dict[str, Tensor], dict[str, Any]], Any],
    adata: AnnData,
    indices: Sequence[int] | np.ndarray | None,
    batch_size: int | None,
) -> list[Any]:
    """Apply ``function`` to minibatches of validated cells and their posterior, in evaluation mode."""
    model._check_if_trained(warn=False)
    if batch_size is not None:
        batch_size = whole_number(batch_size, "batch_size", least=1)
    if indices is not None and not len(indices):
        raise ValueError("indices is empty: name at least one cell, or pass None for all.")
    module, results, noise = model.module, [], Noise(model.seed_)
    loader = seeded(model._make_data_loader(adata=adata, indices=indices, batch_size=batch_size), noise)
    with _inference(module):
        for batch in loader:
            tensors = {key: as_tensor(value).to(module.device) for key, value in batch.items()}
            inputs = module._get_inference_input(tensors)
            posterior = module.inference(**inputs, generator=noise.on(module.device))
            results.append(function(tensors, posterior))
    return results


@contextmanager
def _inference(module: torch.nn.Module) -> Iterator[None]:
    """Set evaluation mode and disable gradients."""
    module.eval()
    with torch.inference_mode():
        yield
