"""Planted networks: where the edges are, how strong they are, and what is told about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.data import _keys
from infosem.data._arguments import number, share, whole_number
from infosem.data._places import EMBEDDING, INTERACTIONS, REGULATORS, note


@dataclass(frozen=True, kw_only=True)
class Planting:
    r"""Where edges are planted, and how strong they are.

    .. math:: p_{ij} = \min(1, c \, e^{h (a_i + b_j)}), \qquad a_i, b_j \sim N(0, 1)

    with :math:`c` such that the mean of :math:`c \, e^{h (a_i + b_j)}` over all pairs is the density. The absolute
    effect of an edge is uniform between a half and one and a half of ``effect``.

    Attributes
    ----------
    n_genes, n_regulators
        Numbers of genes and regulators. The regulators are the first genes.
    density, effect, heterogeneity, spectral_radius, repression
        See :func:`infosem.datasets.simulate`.
    """

    n_genes: int
    n_regulators: int
    density: float
    effect: float
    heterogeneity: float
    spectral_radius: float
    repression: float

    @classmethod
    def checked(
        cls,
        *,
        n_genes: object,
        n_regulators: object,
        density: object,
        effect: object,
        heterogeneity: object,
        spectral_radius: object,
        repression: object,
    ) -> Planting:
        """Validate the arguments. Raise a :class:`ValueError` if one is out of range."""
        genes = whole_number(n_genes, "n_genes", least=2)
        what = "propagated effects must converge"
        return cls(
            n_genes=genes,
            n_regulators=whole_number(n_regulators, "n_regulators", least=2, most=genes, what="of n_genes"),
            density=share(density, "density"),
            effect=number(effect, "effect", least=0),
            heterogeneity=number(heterogeneity, "heterogeneity"),
            spectral_radius=number(spectral_radius, "spectral_radius", least=0, below=1, what=what),
            repression=share(repression, "repression"),
        )

    def traits(self, rng: np.random.Generator) -> np.ndarray:
        """Draw activity :math:`a` and susceptibility :math:`b` of each gene, ``(G, 2)``."""
        return rng.standard_normal((self.n_genes, 2))

    def edges(self, rng: np.random.Generator, traits: np.ndarray, *, times: float = 1.0) -> np.ndarray:
        """Draw edges, so many ``times`` as the density says, and their effects, ``(R, G)``; see :meth:`stable`."""
        odds = np.exp(self.heterogeneity * (traits[: self.n_regulators, :1] + traits[:, 1]))
        own = np.arange(self.n_regulators)
        odds[own, own] = 0
        edge = rng.random(odds.shape) < np.minimum(1, odds * (self.density * times) * odds.size / odds.sum())
        size = self.effect * rng.uniform(0.5, 1.5, odds.shape)
        return np.where(edge, size * np.where(rng.random(odds.shape) < self.repression, -1, 1), 0.0)

    def stable(self, *networks: np.ndarray) -> list[np.ndarray]:
        """Scale down the effects among regulators, by one factor, until no network exceeds the spectral radius."""
        among = slice(self.n_regulators)
        radius = max(np.abs(np.linalg.eigvals(network[:, among])).max() for network in networks)
        if radius > self.spectral_radius:
            for network in networks:
                network[:, among] *= self.spectral_radius / radius
        return list(networks)

    def square(self, network: np.ndarray) -> sparse.csr_matrix:
        """Return a network ``(R, G)`` with a row for every gene, ``(G, G)``, as ``varp`` holds it."""
        return sparse.csr_matrix(np.pad(network, ((0, self.n_genes - self.n_regulators), (0, 0))))

    def annotation(self) -> pd.DataFrame:
        """Return ``var``: names of regulators and genes, and which are regulators."""
        names = [f"TF{i}" for i in range(self.n_regulators)]
        names += [f"gene{i}" for i in range(self.n_genes - self.n_regulators)]
        return pd.DataFrame({_keys.IS_REGULATOR: np.arange(self.n_genes) < self.n_regulators}, index=names)


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What is told about a planted network: embeddings of the genes, and known interactions.

    Attributes
    ----------
    width, signal, missing, known_fraction
        See ``embedding_width``, ``embedding_signal``, ``embedding_missing`` and ``known_fraction`` of
        :func:`infosem.datasets.simulate`.
    """

    width: int
    signal: float
    missing: float
    known_fraction: float

    @classmethod
    def checked(cls, *, width: object, signal: object, missing: object, known_fraction: object) -> Knowledge:
        """Validate the arguments. Raise a :class:`ValueError` if one is out of range."""
        return cls(
            width=whole_number(width, "embedding_width", least=1),
            signal=share(signal, "embedding_signal"),
            missing=share(missing, "embedding_missing"),
            known_fraction=share(known_fraction, "known_fraction"),
        )

    def tell(
        self, adata: AnnData, rng: np.random.Generator, traits: np.ndarray, is_edge: np.ndarray, *, made_by: str
    ) -> None:
        """Write embeddings and known interactions, and note who made them and the regulators.

        Parameters
        ----------
        adata
            Cells x genes, which is changed.
        rng
            Random number generator.
        traits
            Activity and susceptibility of each gene, ``(G, 2)``, which the embeddings carry.
        is_edge
            Whether a pair is an edge, ``(R, G)``, which the known interactions tell.
        made_by
            Function that made the cells, such as ``datasets.simulate``.
        """
        adata.varm[_keys.GENE_EMBEDDING] = self._embed(rng, traits)
        adata.varp[_keys.KNOWN_INTERACTIONS] = self._reveal(rng, is_edge)
        for key, kind in (
            (_keys.IS_REGULATOR, REGULATORS),
            (_keys.GENE_EMBEDDING, EMBEDDING),
            (_keys.KNOWN_INTERACTIONS, INTERACTIONS),
        ):
            adata.uns[key] = note(made_by, kind, source="simulated")

    def _embed(self, rng: np.random.Generator, traits: np.ndarray) -> np.ndarray:
        noisy = np.sqrt(self.signal) * traits + np.sqrt(1 - self.signal) * rng.standard_normal(traits.shape)
        directions = np.linalg.qr(rng.standard_normal((self.width, 2)))[0]
        noise = 0.1 * rng.standard_normal((len(traits), self.width))
        embedding = noisy @ directions.T + noise + rng.standard_normal(self.width)
        embedding[rng.random(len(traits)) < self.missing] = np.nan
        return embedding.astype(np.float32)

    def _reveal(self, rng: np.random.Generator, is_edge: np.ndarray) -> sparse.csr_matrix:
        n_regulators, n_genes = is_edge.shape
        known = rng.random(is_edge.shape) < self.known_fraction
        known[np.arange(n_regulators), np.arange(n_regulators)] = False
        source, target = np.nonzero(known)
        values = np.where(is_edge[source, target], 1, -1).astype(np.int8)
        return sparse.csr_matrix((values, (source, target)), shape=(n_genes, n_genes))
