"""The network as the user reads it: adjacency, edges, and the entries in AnnData."""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from anndata import AnnData
from scipy import sparse

from infosem import _keys
from infosem._adjacency import ProductAdjacency

if TYPE_CHECKING:
    from infosem._module import InfoSEMModule

logger = logging.getLogger(__name__)


class NetworkMixin:
    """Methods of :class:`infosem.InfoSEM` that return or write the network."""

    if TYPE_CHECKING:
        adata: AnnData | None
        module: InfoSEMModule
        registry_: dict[str, Any]
        init_params_: dict[str, Any]
        prior_: str
        seed_: int

        @property
        def gene_names(self) -> list[str]: ...
        @property
        def regulator_names(self) -> list[str]: ...

        def _check_if_trained(self, warn: bool = True, message: str = "") -> None: ...

    def get_adjacency(self) -> pd.DataFrame:
        r"""The weighted adjacency :math:`A` (with known interactions :math:`A_e \odot \sigma(A_l)`).

        Returns
        -------
        Regulators x genes, ``(R, G)``. In units of standardised latent expression per the same. Rank edges by its
        absolute value; its sign says little about activation or repression (see :meth:`get_edges`).
        """
        return self._frame(self.module.adjacency)

    def get_effects(self) -> pd.DataFrame:
        """The effects :math:`A_e`, ``(R, G)``: the adjacency before it is multiplied by the edge probabilities."""
        return self._frame(self.module.adjacency.effect)

    def get_probabilities(self) -> pd.DataFrame | None:
        r"""Edge probabilities :math:`\sigma(A_l)`, ``(R, G)``, or ``None`` without known interactions."""
        adjacency = self.module.adjacency
        return self._frame(adjacency.probability) if isinstance(adjacency, ProductAdjacency) else None

    def get_edges(self, *, top: int | None = None, min_weight: float | None = None) -> pd.DataFrame:
        """The edges of the network, strongest first.

        Parameters
        ----------
        top
            Keep this many edges.
        min_weight
            Keep edges with an absolute weight of at least this much.

        Returns
        -------
        Columns ``source``, ``target``, ``weight``, ``sign``, ``rank``, and ``probability`` with known interactions.
        ``weight`` is ``|A_ij|`` times the sign, so that the table is a signed network for decoupler. ``sign`` is that
        of the Pearson correlation of the two genes in the training cells: the sign of ``A_ij`` itself is a worse guide
        to activation (+1) or repression (-1). Edges of weight zero are left out.
        """
        if top is not None and top < 0:
            raise ValueError(f"top={top} must be zero or positive: it is the number of edges to keep.")
        adjacency = self.get_adjacency().to_numpy()
        strength = np.abs(adjacency)
        keep = strength > 0 if min_weight is None else strength >= max(min_weight, np.finfo(strength.dtype).tiny)
        row, column = np.nonzero(keep)
        order = np.argsort(-strength[row, column], kind="stable")[:top]
        row, column = row[order], column[order]
        sign = self.module.signs.cpu().numpy().astype(int)[row, column]
        edges = pd.DataFrame(
            {
                "source": np.asarray(self.regulator_names)[row],
                "target": np.asarray(self.gene_names)[column],
                "weight": strength[row, column] * sign,
                "sign": sign,
                "rank": np.arange(1, len(row) + 1),
            }
        )
        probability = self.get_probabilities()
        if probability is not None:
            edges["probability"] = probability.to_numpy()[row, column]
        return edges

    def write_network(self, adata: AnnData | None = None, *, key_added: str = _keys.NETWORK) -> None:
        """Write the network into AnnData.

        ``varp[key_added]`` gets the adjacency, genes x genes, row = regulator, column = target, CSR where only some
        genes are regulators; with known interactions ``varp[key_added + "_effect"]`` and
        ``varp[key_added + "_probability"]`` too. ``uns[key_added]`` records parameters, keys, regulators, seed and
        versions.

        Parameters
        ----------
        adata
            Where to write; by default the AnnData of the model. It must have the model's genes, in any order.
        key_added
            Key of the network.
        """
        self._check_if_trained(warn=False)
        adata = self.adata if adata is None else adata
        if adata is None:
            raise RuntimeError("This model was loaded without data: pass adata=.")
        missing = set(self.gene_names) - set(adata.var_names)
        if missing or adata.n_vars != len(self.gene_names):
            raise ValueError(
                f"adata has {adata.n_vars} genes and lacks {len(missing)} of the model's {len(self.gene_names)}. Pass "
                "an AnnData with just the model's genes: adata[:, model.gene_names].copy()."
            )
        for key in (key_added, _keys.effect_key(key_added), _keys.probability_key(key_added)):
            if key in adata.varp and key_added not in adata.uns:
                raise ValueError(
                    f"adata.varp[{key!r}] is there and was not written by write_network. Choose another key_added=."
                )
        adata.varp[key_added] = self._square(self.get_adjacency(), adata)
        probability = self.get_probabilities()
        if probability is not None:
            adata.varp[_keys.effect_key(key_added)] = self._square(self.get_effects(), adata)
            adata.varp[_keys.probability_key(key_added)] = self._square(probability, adata)
        setup = {key: value for key, value in self.registry_["setup_args"].items() if value is not None}
        adata.uns[key_added] = {
            "params": {key: value for key, value in self.init_params_["non_kwargs"].items() if value is not None},
            "setup": setup,
            "prior": self.prior_,
            "seed": self.seed_,
            "regulators": np.asarray(self.regulator_names, dtype=object),
            "versions": {name: version(name) for name in ("infosem", "scvi-tools", "torch")},
        }
        logger.info("Wrote the network to adata.varp[%r] and adata.uns[%r].", key_added, key_added)

    @torch.inference_mode()
    def _frame(self, matrix: Any) -> pd.DataFrame:
        self._check_if_trained(warn=False)
        return pd.DataFrame(matrix().cpu().numpy(), index=self.regulator_names, columns=self.gene_names)

    def _square(self, rows: pd.DataFrame, adata: AnnData) -> np.ndarray | sparse.csr_matrix:
        rows = rows.loc[:, list(adata.var_names)]
        if len(rows) == adata.n_vars:
            return rows.loc[list(adata.var_names)].to_numpy()
        at = adata.var_names.get_indexer(rows.index)
        matrix = sparse.lil_matrix((adata.n_vars, adata.n_vars), dtype=rows.dtypes.iloc[0])
        matrix[at] = rows.to_numpy()
        return matrix.tocsr()
