"""The network as the user reads it: adjacency, edges, and the entries in AnnData."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from anndata import AnnData
from torch import Tensor

from infosem import _keys
from infosem._adjacency import Adjacency
from infosem._edges import edge_table, write_matrices
from infosem._effect_size import effect_sizes, smooth_sizes
from infosem._priors import EmbeddingPrior
from infosem._text_likeness import text_likeness

if TYPE_CHECKING:
    from infosem._forms import Form
    from infosem._module import InfoSEMModule


class NetworkMixin:
    """Methods of :class:`infosem.InfoSEM` that return or write the network."""

    if TYPE_CHECKING:
        adata: AnnData | None
        module: InfoSEMModule
        registry_: dict[str, Any]
        init_params_: dict[str, Any]
        _form: Form
        prior_: str
        seed_: int

        @property
        def gene_names(self) -> list[str]: ...
        @property
        def regulator_names(self) -> list[str]: ...

        def _check_if_trained(self, warn: bool = True, message: str = "") -> None: ...

    def get_adjacency(self) -> pd.DataFrame:
        r"""The weighted adjacency :math:`A` (with low-rank probabilities :math:`A_e \odot \sigma(A_l)`).

        Returns
        -------
        Regulators x genes, ``(R, G)``. In units of standardised latent expression per the same. Rank edges by
        :meth:`get_strength`; the sign of :math:`A` says little about activation or repression (see :meth:`get_edges`).
        """
        return self._frame(self._adjacency().weights)

    def get_effects(self) -> pd.DataFrame:
        """The effects :math:`A_e`, ``(R, G)``: the adjacency before it is multiplied by low-rank probabilities."""
        return self._frame(self._adjacency().effects)

    def get_probabilities(self) -> pd.DataFrame | None:
        r"""Edge probabilities :math:`\sigma(A_l)`, ``(R, G)``, or ``None`` without known interactions."""
        kernel = self.module.edge_probability
        logits = self._adjacency().logits if kernel is None else kernel.logits
        return None if logits is None else self._frame(logits.sigmoid())

    def get_strength(self) -> pd.DataFrame:
        r"""What ranks the edges: the size of the effect, times what text and known interactions say of the edge.

        .. math:: {\hat E}_{ij} \, e^{\ell_{ij}} \, \sigma(A_{l,ij}), \qquad
                  E_{ij} = \frac{\omega_i}{2} \left( |A_{ij}| + \overline{|A_{i \cdot}|} \right)

        :math:`\omega_i` is the root mean square over the cells of the regulator's counted deviations, so that
        regulators compare, and each edge is shrunk half-way to the mean of its regulator. :math:`\log \hat E` is the
        ridge regression of :math:`\log E` on the regulators' profiles of expression and then, with embeddings, on their
        text: regulators that are alike have like effects. With fewer than 200 regulators it is :math:`\log E` as it is.

        With embeddings, :math:`\ell_{ij}` is the likeness of the regulator's and the gene's text, each completed by
        that of genes expressed alike: regulators act more on genes that are written about in their terms. With known
        interactions the probability is a factor, with ``probability="low-rank"`` of :math:`A` already.

        With ``form="paper"`` it is :math:`|A_{ij}|`.

        Returns
        -------
        Regulators x genes, ``(R, G)``, not negative, in units of log-normalised expression.
        """
        if self._form.ranks_by == "adjacency":
            return self.get_adjacency().abs()
        module, prior = self.module, self.module.effect_prior
        # on the CPU: regressions in double precision, which not every accelerator has
        regulators, by_regulator = module.regulators.cpu(), [module.regulator_profiles.cpu()]
        embeddings = prior.embeddings.cpu() if isinstance(prior, EmbeddingPrior) else None
        if embeddings is not None:
            by_regulator.append(embeddings[regulators])
        with torch.inference_mode():
            strength = effect_sizes(self._adjacency().weights.cpu(), module.spread.cpu()[regulators])
            strength = smooth_sizes(strength, by_regulator)
            if embeddings is not None:
                strength *= text_likeness(embeddings, module.profiles.cpu(), regulators).exp_()
            if module.edge_probability is not None:
                strength *= module.edge_probability.logits.cpu().sigmoid()
        return self._frame(strength)

    def get_prior_mean(self) -> pd.DataFrame | None:
        """Prior mean :math:`c + u_i + v_j` of the effects (Eq. 9), ``(R, G)``, or ``None`` without embeddings.

        What the genes' text says of each effect; the coefficients are learned together with the effects.
        """
        prior = self.module.effect_prior
        if not isinstance(prior, EmbeddingPrior):
            return None
        with torch.inference_mode():
            return self._frame(prior.mean())

    def get_known_interactions(self) -> pd.DataFrame | None:
        """What is known of each pair, ``(R, G)``: +1 edge, -1 non-edge, 0 unobserved; ``None`` without interactions."""
        labels = self.module.interaction_prior or self.module.edge_probability
        if labels is None:
            return None
        known = torch.zeros(len(self.regulator_names), len(self.gene_names), dtype=torch.int8)
        row, column = labels.pairs.cpu()
        known[row, column] = 2 * labels.is_edge.cpu().to(torch.int8) - 1
        return self._frame(known)

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
        ``weight`` is :meth:`get_strength` times the sign, so that the table is a signed network for decoupler. ``sign``
        is that of the Pearson correlation of the two genes in the training cells: the sign of :math:`A_{ij}` itself is
        a worse guide to activation (+1) or repression (-1). Edges of weight zero are left out.
        """
        probability = self.get_probabilities()
        return edge_table(
            self.get_strength(),
            self.module.signs.cpu().numpy(),
            {} if probability is None else {"probability": probability},
            top=top,
            min_weight=min_weight,
        )

    def write_network(self, adata: AnnData | None = None, *, key_added: str = _keys.NETWORK) -> None:
        """Write the network into AnnData.

        ``varp[key_added]`` gets the adjacency, genes x genes, row = regulator, column = target, CSR where only some
        genes are regulators, ``varp[key_added + "_strength"]`` what ranks the edges, ``varp[key_added + "_sign"]`` the
        sign of the genes' correlation and, with known interactions, ``varp[key_added + "_probability"]`` (with low-rank
        ones ``varp[key_added + "_effect"]`` too). ``uns[key_added]`` records
        parameters, keys, regulators, seed and versions. :func:`infosem.get.network` reads it back.

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
        effects = None if self.module.interaction_prior is None else self.get_effects()
        write_matrices(
            adata,
            self.get_adjacency(),
            self.module.signs.cpu().numpy(),
            {"effect": effects, "strength": self.get_strength(), "probability": self.get_probabilities()},
            key_added=key_added,
            provenance=self._provenance(),
        )

    def _provenance(self) -> dict[str, Any]:
        """Arguments of the model and of its setup, its prior and its seed."""
        return {
            "params": {key: value for key, value in self.init_params_["non_kwargs"].items() if value is not None},
            "setup": {key: value for key, value in self.registry_["setup_args"].items() if value is not None},
            "prior": self.prior_,
            "seed": self.seed_,
        }

    @torch.inference_mode()
    def _adjacency(self) -> Adjacency:
        self._check_if_trained(warn=False)
        adjacency: Adjacency = self.module.adjacency()
        return adjacency

    def _frame(self, matrix: Tensor) -> pd.DataFrame:
        return pd.DataFrame(matrix.cpu().numpy(), index=self.regulator_names, columns=self.gene_names)
