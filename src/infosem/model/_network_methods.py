"""The network as the user reads it: adjacency, edges, and the entries in AnnData."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from anndata import AnnData

from infosem.data import _keys
from infosem.data._settings import Settings
from infosem.model._base import NetworkModel
from infosem.network._edges import edge_table, write_matrices


class NetworkMethods(NetworkModel):
    """Methods of :class:`infosem.InfoSEM` that return or write the network."""

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
        r"""Edge probabilities :math:`\sigma(A_l)`, ``(R, G)``, or ``None`` without known interactions.

        NaN for a pair that the known interactions say nothing of: of edges only, or of non-edges only, no rate is to
        be learned that would tell of other pairs.
        """
        facts, logits = self.edge_facts_, self._adjacency().logits
        if facts.logits is None:
            return None if logits is None else self._frame(logits.sigmoid())
        probability = torch.as_tensor(facts.logits).sigmoid().numpy()
        if not facts.labels_reach_others:
            assert facts.pairs is not None
            told = np.zeros(probability.shape, dtype=bool)
            told[facts.pairs[0], facts.pairs[1]] = True
            probability = np.where(told, probability, np.float32(np.nan))
        return self._frame(probability)

    def get_strength(self) -> pd.DataFrame:
        r"""What ranks the edges: how much speaks for each of them.

        .. math:: \log(1 + e^{E_{ij}}), \qquad E_{ij} = \sum_k e^{(k)}_{ij}

        with the parts of :meth:`get_evidence`: as good as their sum where there is evidence, and near zero where what
        is known speaks against an edge. With ``form="paper"`` it is :math:`|A_{ij}|`.

        Returns
        -------
        Regulators x genes, ``(R, G)``, positive, and zero for pairs that cannot be edges.
        """
        return self._frame(self._ranked()[0])

    def get_evidence(self) -> dict[str, pd.DataFrame]:
        r"""What speaks for each edge, in nats: parts that add up.

        .. math:: E_{ij} = s \left( (1 - w)\, e^{\text{association}}_{ij}
                  + w \left[ e^{\text{direct}}_{ij} + \ell_i \right] + e^{\text{text}}_{ij} \right)
                  + \log \frac{p_{ij}}{\bar p}

        Each :math:`e` is minus the logarithm of the share of pairs that have at least as much of it: on average one
        nat, and eleven for the best of a hundred thousand. The parts are returned with their weights :math:`s` and
        :math:`w`, so that :math:`E` is their sum, and the weight of an edge :math:`\log(1 + e^E)`.

        Returns
        -------
        Regulators x genes each, ``(R, G)``: ``"association"`` of the two genes against the background of both,
        ``"direct"`` by :math:`|A_{ij}|`, ``"level"``, :math:`\ell_i`, the logarithm of the regulator's total effect
        over an average one's, as far as levels differ by more than chance. Direct effects and levels weigh the more,
        the more independent observations there are for each regulator. With embeddings ``"text"``, the likeness of the
        genes' texts and what genes of like texts have, as far as both agree with the expression; with known
        interactions ``"interactions"`` by the probability :math:`p_{ij}` of :meth:`get_probabilities`, where
        :math:`\bar p` is the share of edges among the labelled pairs, and :math:`s`, what the rest is worth beside the
        labels. :math:`w = 0.8\, n / (n + 0.4 R)` for :math:`n` independent observations and :math:`R` regulators.
        Empty with ``form="paper"``.
        """
        return {name: self._frame(part) for name, part in self._ranked()[1].items()}

    def get_prior_mean(self) -> pd.DataFrame | None:
        """Prior mean :math:`c + u_i + v_j` of the effects (Eq. 9), ``(R, G)``, or ``None`` without embeddings.

        What the genes' text says of each effect; the coefficients are learned together with the effects.
        """
        with torch.inference_mode():
            mean = self.module.effect_prior.mean()
        return None if mean is None else self._frame(mean)

    def get_known_interactions(self) -> pd.DataFrame | None:
        """What is known of each pair, ``(R, G)``: +1 edge, -1 non-edge, 0 unobserved; ``None`` without interactions."""
        facts = self.edge_facts_
        if facts.pairs is None or facts.is_edge is None:
            return None
        known = np.zeros((len(self.regulator_names), len(self.gene_names)), dtype=np.int8)
        known[facts.pairs[0], facts.pairs[1]] = np.where(facts.is_edge, 1, -1)
        return self._frame(known)

    def get_edges(
        self,
        *,
        top: int | None = None,
        min_weight: float | None = None,
        by: Literal["network", "regulator"] = "network",
    ) -> pd.DataFrame:
        """The edges of the network, strongest first.

        Parameters
        ----------
        top
            Keep this many edges, of each regulator with ``by="regulator"``.
        min_weight
            Keep edges with an absolute weight of at least this much.
        by
            Rank the edges of the whole ``"network"``, or those of each ``"regulator"`` by themselves.

        Returns
        -------
        Columns ``source``, ``target``, ``weight``, ``sign``, ``rank``, then the parts of :meth:`get_evidence`, and
        ``probability`` with known interactions. ``weight`` is :meth:`get_strength` times the sign, so that the table
        is a signed network for decoupler. ``sign`` is that of the correlation of the two genes over the entries that
        count: on Boolean models the sign of :math:`A_{ij}` itself is a worse guide to activation (+1) or repression
        (-1). A correlation within noise has no sign, zero, and the weight is positive then. Edges of weight zero are
        left out.
        """
        probability = self.get_probabilities()
        strength, evidence = self._ranked()
        columns = {name: self._frame(part) for name, part in evidence.items()}
        return edge_table(
            self._frame(strength),
            self.edge_facts_.signs,
            columns | ({} if probability is None else {"probability": probability}),
            top=top,
            min_weight=min_weight,
            by=by,
        )

    def write_network(self, adata: AnnData | None = None, *, key_added: str = _keys.NETWORK) -> None:
        """Write the network into AnnData.

        ``varp[key_added]`` gets the adjacency, genes x genes, row = regulator, column = target, CSR where only some
        genes are regulators, ``varp[key_added + "_strength"]`` what ranks the edges, the parts of
        :meth:`get_evidence` under their names, ``varp[key_added + "_sign"]`` the
        sign of the genes' correlation and, with known interactions, ``varp[key_added + "_probability"]`` (with low-rank
        ones ``varp[key_added + "_effect"]`` too). ``uns[key_added]`` records
        parameters, keys, regulators, seed and versions. :func:`infosem.get.network` reads it back.

        Parameters
        ----------
        adata
            Where to write; by default the AnnData of the model. It must have the model's genes, in any order.
        key_added
            Key of the network. What is there already gives way if infosem wrote it; else it is an error.
        """
        self._check_if_trained(warn=False)
        adata = self.adata if adata is None else adata
        if adata is None:
            raise RuntimeError("This model was loaded without data: pass adata=.")
        effects = None if self.module.interaction_prior is None else self.get_effects()
        strength, evidence = self._ranked()
        write_matrices(
            adata,
            self.get_adjacency(),
            self.edge_facts_.signs,
            {
                "effect": effects,
                "strength": self._frame(strength),
                **{name: self._frame(part) for name, part in evidence.items()},
                "probability": self.get_probabilities(),
            },
            key_added=key_added,
            made_by="InfoSEM.write_network",
            provenance=self._provenance(),
        )

    def _ranked(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Strength of every edge and its parts, ``(R, G)`` each."""
        return self._ranking.rank(self._edge_data())

    def _provenance(self) -> dict[str, Any]:
        """Arguments of the model and of its setup, its prior, its seed, and how far two halves of the cells agree."""
        agreement = self.edge_facts_.agreement
        arguments = {key: value for key, value in self.init_params_["non_kwargs"].items() if value is not None}
        return {
            "params": {key: str(value) if isinstance(value, Settings) else value for key, value in arguments.items()},
            "setup": {key: value for key, value in self.registry_["setup_args"].items() if value is not None},
            "prior": self.prior_,
            "seed": self.seed_,
            **({} if agreement is None else {"agreement": agreement}),
        }
