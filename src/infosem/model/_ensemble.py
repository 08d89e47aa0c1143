"""Ensemble of networks from several models of the same data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.data import _keys
from infosem.network._edge_table import edge_table
from infosem.network._thresholds import Thresholds
from infosem.network._write import write_matrices


@dataclass(frozen=True, kw_only=True, repr=False)
class Ensemble:
    r"""Network of several models of the same data, made by :func:`infosem.train_ensemble`.

    Let :math:`A^{(1)}, \ldots, A^{(m)}` be the adjacencies of the models. All tables are regulators x genes,
    ``(R, G)``.

    Attributes
    ----------
    effect
        Mean effect :math:`\overline{A_{ij}}`.
    strength
        Mean strength (:meth:`infosem.InfoSEM.get_strength`), which ranks the edges.
    sd
        Standard deviation of :math:`A_{ij}` over the models.
    sign_agreement
        Share of the models in which :math:`A_{ij}` has the sign of the mean effect, from about one half to one.
    stability
        Selection frequency, which is the share of the models in which the edge is among the ``n_selected`` strongest.
    probability
        Mean edge probability, or ``None`` without known interactions.
    n_models
        Number :math:`m` of models.
    n_selected
        Number of edges that each model selects.
    """

    effect: pd.DataFrame
    strength: pd.DataFrame
    sd: pd.DataFrame
    sign_agreement: pd.DataFrame
    stability: pd.DataFrame
    probability: pd.DataFrame | None
    n_models: int
    n_selected: int
    _sign: np.ndarray
    _provenance: Mapping[str, Any]

    def __repr__(self) -> str:
        n_regulators, n_genes = self.effect.shape
        return f"Ensemble: {self.n_models} models, {n_regulators} regulators, {n_genes} genes"

    def get_adjacency(self) -> pd.DataFrame:
        """Return the mean effect of the models, ``(R, G)``, as in :meth:`infosem.InfoSEM.get_adjacency`."""
        return self.effect

    def get_edges(
        self, *, top: int | None = None, min_weight: float | None = None, min_stability: float = 0.0
    ) -> pd.DataFrame:
        """Return the edges of the network, strongest first.

        Parameters
        ----------
        top
            Number of edges to keep; by default all.
        min_weight
            Minimum mean strength of an edge to keep.
        min_stability
            Minimum share of the models that select an edge to keep.

        Returns
        -------
        Table with the columns of :meth:`infosem.InfoSEM.get_edges`, apart from the evidence, and with ``effect``,
        ``sd``, ``sign_agreement`` and ``stability``. ``weight`` is the mean strength times the sign of the correlation
        of the two genes.
        """
        more = {
            "effect": self.effect,
            "sd": self.sd,
            "sign_agreement": self.sign_agreement,
            "stability": self.stability,
        }
        if self.probability is not None:
            more["probability"] = self.probability
        thresholds = Thresholds(min_stability=min_stability)
        return edge_table(self.strength, self._sign, more, top=top, min_weight=min_weight, thresholds=thresholds)

    def write_network(self, adata: AnnData, *, key_added: str = _keys.NETWORK) -> None:
        """Write the network to AnnData, as in :meth:`infosem.InfoSEM.write_network`.

        ``varp[key_added]`` holds the mean effect. The other matrices are in ``varp`` under ``key_added`` with the
        suffixes ``"_sign"``, ``"_strength"``, ``"_sd"``, ``"_sign_agreement"``, ``"_stability"`` and, with known
        interactions, ``"_probability"``. :func:`infosem.get.network` reads the network.

        Parameters
        ----------
        adata
            AnnData to write to. It must have the genes of the models, in any order.
        key_added
            Key of the network.
        """
        parts = ("strength", "sd", "sign_agreement", "stability", "probability")
        write_matrices(
            adata,
            self.effect,
            self._sign,
            {part: getattr(self, part) for part in parts},
            key_added=key_added,
            made_by="Ensemble.write_network",
            provenance={**self._provenance, "n_models": self.n_models, "n_selected": self.n_selected},
        )


@dataclass
class Sums:
    """Running sums over the models of an :class:`Ensemble`, whose memory does not depend on the number of models."""

    n: int
    mean: np.ndarray
    squares: np.ndarray
    strength: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    selected: np.ndarray
    probability: np.ndarray | None

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> Sums:
        mean, squares, strength, positive, negative, selected = np.zeros((6, *shape), dtype=np.float32)
        return cls(0, mean, squares, strength, positive, negative, selected, None)

    def add(self, weights: np.ndarray, strength: np.ndarray, probability: np.ndarray | None, n_selected: int) -> None:
        self.n += 1
        change = weights - self.mean
        self.mean += change / self.n
        self.squares += change * (weights - self.mean)
        self.strength += strength
        self.positive += weights > 0
        self.negative += weights < 0
        self.selected += (strength >= np.partition(strength, -n_selected, axis=None)[-n_selected]) & (strength > 0)
        if probability is not None:
            self.probability = probability + (0 if self.probability is None else self.probability)

    def summary(self) -> Iterator[tuple[str, np.ndarray | None]]:
        yield "effect", self.mean
        yield "strength", self.strength / self.n
        yield "sd", np.sqrt(self.squares / (self.n - 1))
        yield "sign_agreement", np.where(self.mean < 0, self.negative, self.positive) / self.n
        yield "stability", self.selected / self.n
        yield "probability", None if self.probability is None else self.probability / self.n
