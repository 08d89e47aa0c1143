"""Methods of the model that return the network, or write it to AnnData."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from anndata import AnnData

from infosem.data import _keys
from infosem.data._places import check_key, file_key, require_network_place
from infosem.data._settings import Settings
from infosem.model._base import NetworkModel
from infosem.network._edge_table import edge_table
from infosem.network._write import write_matrices

_LONGEST_TEXT = 1000
"""Characters of an argument in the record of a network."""


class NetworkMethods(NetworkModel):
    """Methods of :class:`infosem.InfoSEM` that return or write the network."""

    def get_adjacency(self, *, group: str | None = None) -> pd.DataFrame:
        r"""Return the weighted adjacency :math:`A`, or :math:`A_e \odot \sigma(A_l)` with low-rank probabilities.

        Effects are in standard deviations of the latent expression per standard deviation. Rank edges by
        :meth:`get_strength`, not by the adjacency. The sign of :math:`A` says little about activation or repression
        (see :meth:`get_edges`).

        Parameters
        ----------
        group
            Group of cells whose network to return (``group_key`` of :meth:`setup_anndata`). Its effects are in standard
            deviations within groups. By default the shared network, which is the mean of the groups' networks over
            the cells.

        Returns
        -------
        Adjacency, regulators x genes, ``(R, G)``.
        """
        return self._frame(self._edge_data(group).adjacency)

    def get_effects(self) -> pd.DataFrame:
        """Return the effects :math:`A_e`, ``(R, G)``, before multiplication by low-rank probabilities."""
        return self._frame(self._adjacency().effects)

    def get_probabilities(self) -> pd.DataFrame | None:
        r"""Return the edge probabilities :math:`\sigma(A_l)`, ``(R, G)``, or ``None`` without known interactions.

        If all known interactions are edges, or all are non-edges, no rate of edges can be learned. The probability of
        all other pairs is then NaN.
        """
        facts, logits = self.edge_facts_, self._adjacency().logits
        probability = facts.probability
        if probability is None:
            return None if logits is None else self._frame(logits.sigmoid())
        if not facts.labels_reach_others:
            assert facts.pairs is not None
            told = np.zeros(probability.shape, dtype=bool)
            told[facts.pairs[0], facts.pairs[1]] = True
            probability = np.where(told, probability, np.float32(np.nan))
        return self._frame(probability)

    def get_strength(self, *, group: str | None = None) -> pd.DataFrame:
        r"""Return the strength of each edge, which ranks the edges.

        .. math:: \log(1 + e^{E_{ij}}), \qquad E_{ij} = \sum_k e^{(k)}_{ij}

        The parts of the sum are those of :meth:`get_evidence`. The strength is nearly :math:`E_{ij}` where there is
        evidence, and near zero where the data or the labels speak against an edge. With
        :class:`~infosem.scores.AbsoluteAdjacency`, the ranking of ``preset="paper"``, it is :math:`|A_{ij}|`.

        Parameters
        ----------
        group
            See :meth:`get_adjacency`.

        Returns
        -------
        Strength, regulators x genes, ``(R, G)``. It is positive, and zero for pairs that cannot be edges.
        """
        return self._frame(self._ranked(group)[0])

    def get_evidence(self, *, group: str | None = None) -> dict[str, pd.DataFrame]:
        r"""Return the parts of the evidence for each edge, in nats.

        .. math:: E_{ij} = s \left( (1 - w)\, e^{\text{association}}_{ij}
                  + w \left[ e^{\text{direct}}_{ij} + \ell_i \right] + e^{\text{text}}_{ij} \right)
                  + \log \frac{p_{ij}}{\bar p}

        A statistic is converted to evidence :math:`e` as minus the logarithm of the share of pairs that have at least
        the same value. An average pair therefore has one nat, and the best of a hundred thousand has eleven. The parts
        are returned with their weights :math:`s` and :math:`w`, so that :math:`E` is their sum. The strength of an edge
        is :math:`\log(1 + e^E)`.

        - ``"association"``: correlation of the two genes, compared with the correlations that each has with all others.
        - ``"direct"``: size of the direct effect, :math:`|A_{ij}|`.
        - ``"level"``: log ratio :math:`\ell_i` of the regulator's total effect to the mean total effect, shrunk by the
          share that is due to chance.
        - ``"text"``, with embeddings: similarity of the two texts, and the evidence that genes with similar texts have,
          weighted by their agreement with the expression.
        - ``"interactions"``, with known interactions: probability :math:`p_{ij}` of :meth:`get_probabilities` over the
          share :math:`\bar p` of edges among the labelled pairs. With labels of both kinds, :math:`s` is half the slope
          of a logistic regression of the labels on the other parts. Otherwise it is one.

        Direct effects and levels have the weight :math:`w = 0.8\, n / (n + 0.4 R)`, for :math:`n` independent
        observations and :math:`R` regulators.

        Parameters
        ----------
        group
            See :meth:`get_adjacency`.

        Returns
        -------
        Parts by name, each regulators x genes, ``(R, G)``. Empty with
        :class:`~infosem.scores.AbsoluteAdjacency`.
        """
        return {name: self._frame(part) for name, part in self._ranked(group)[1].items()}

    def get_prior_mean(self) -> pd.DataFrame | None:
        """Return the prior mean of the effects (Eq. 9), ``(R, G)``, or ``None`` if it is zero.

        The mean :math:`c + u_i + v_j` is the effect that the text embeddings of the two genes predict. Its coefficients
        are learned together with the effects.
        """
        with torch.inference_mode():
            mean = self.module.effect_prior.mean()
        return None if mean is None else self._frame(mean)

    def get_known_interactions(self) -> pd.DataFrame | None:
        """Return the known interactions, ``(R, G)``, or ``None`` if there are none.

        +1 is a known edge, -1 a known non-edge, and 0 an unobserved pair.
        """
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
        group: str | None = None,
    ) -> pd.DataFrame:
        """Return the edges of the network, strongest first.

        Parameters
        ----------
        top
            Number of edges to keep; by default all. With ``by="regulator"``, number of edges of each regulator.
        min_weight
            Minimum absolute weight of an edge to keep.
        by
            Whether to rank the edges of the whole ``"network"``, or the edges of each ``"regulator"`` separately.
        group
            Group of cells whose network to return (``group_key`` of :meth:`setup_anndata`). By default the shared
            network.

        Returns
        -------
        Table with the columns ``source``, ``target``, ``weight``, ``sign`` and ``rank``, the parts of
        :meth:`get_evidence`, and ``probability`` with known interactions. Edges of weight zero are left out.

        ``weight`` is :meth:`get_strength` times the sign, so that the table is a signed network for decoupler. ``sign``
        is the sign of the correlation of the two genes over the entries that count. On Boolean models it predicts
        activation (+1) or repression (-1) better than the sign of :math:`A_{ij}`. It is zero if the correlation is
        within noise, and the weight is positive in that case.
        """
        probability = self.get_probabilities()
        edges = self._edge_data(group)
        strength, evidence = self._ranking.rank(edges)
        columns = {name: self._frame(part) for name, part in evidence.items()}
        return edge_table(
            self._frame(strength),
            edges.facts.signs,
            columns | ({} if probability is None else {"probability": probability}),
            top=top,
            min_weight=min_weight,
            by=by,
        )

    def write_network(self, adata: AnnData | None = None, *, key_added: str = _keys.NETWORK) -> None:
        """Write the network to AnnData.

        ``varp[key_added]`` holds the adjacency, genes x genes. Rows are regulators, columns are target genes. It is a
        CSR matrix if only some genes are regulators. Other matrices are in ``varp`` under ``key_added`` with a suffix:

        - ``"_strength"``: strength of the edges,
        - the names of the parts of :meth:`get_evidence`,
        - ``"_sign"``: sign of the correlation of the two genes,
        - ``"_probability"``, with known interactions, and ``"_effect"``, with low-rank probabilities.

        ``uns[key_added]`` holds parameters, keys, regulators, seed and versions. :func:`infosem.get.network` reads the
        network.

        With groups of cells, the network of each group is written too, under the key ``f"{key_added}:{group}"``. Read
        it with ``infosem.get.network(adata, "infosem:CD4 T")``. In the key, a slash in a group's name becomes ``%2F``,
        because h5ad does not allow slashes; ``uns`` keeps the original name.

        Parameters
        ----------
        adata
            AnnData to write to; by default that of the model. It must have the genes of the model, in any order.
        key_added
            Key of the network. Existing entries are replaced if infosem wrote them, and are an error otherwise.
        """
        self._check_if_trained(warn=False)
        adata = self.adata if adata is None else adata
        if adata is None:
            raise RuntimeError("This model was loaded without data: pass adata=.")
        check_key(key_added)
        keys = {group: file_key(key_added, group) for group in self.group_names}
        for key in keys.values():
            require_network_place(adata, key, _keys.PARTS)
        self._write(adata, key_added, None, {})
        for group, key in keys.items():
            self._write(adata, key, group, {"name": f"{key_added}:{group}", "group": group})

    def _write(self, adata: AnnData, key: str, group: str | None, more: dict[str, Any]) -> None:
        """Write the shared network or that of a group."""
        effects = None if self.module.interaction_prior is None else self.get_effects()
        edges = self._edge_data(group)
        strength, evidence = self._ranking.rank(edges)
        write_matrices(
            adata,
            self._frame(edges.adjacency),
            edges.facts.signs,
            {
                "effect": effects,
                "strength": self._frame(strength),
                **{name: self._frame(part) for name, part in evidence.items()},
                "probability": self.get_probabilities(),
            },
            key_added=key,
            made_by="InfoSEM.write_network",
            provenance={**self._provenance(), **more},
        )

    def _ranked(self, group: str | None = None) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the strength of each edge and its parts, ``(R, G)`` each."""
        return self._ranking.rank(self._edge_data(group))

    def _provenance(self) -> dict[str, Any]:
        """Return the arguments of the model and of its setup, its prior and seed, and the agreement of the cells."""
        agreement = self.edge_facts_.agreement
        arguments = {key: value for key, value in self.init_params_["non_kwargs"].items() if value is not None}
        return {
            "params": {key: _text(value) if isinstance(value, Settings) else value for key, value in arguments.items()},
            "setup": {key: value for key, value in self.registry_["setup_args"].items() if value is not None},
            "prior": self.prior_,
            "seed": self.seed_,
            **({} if agreement is None else {"agreement": agreement}),
        }


def _text(settings: Settings) -> str:
    """Return settings as they are made, shortened if they hold data."""
    text = str(settings)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."
