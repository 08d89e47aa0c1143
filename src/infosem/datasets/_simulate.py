"""Cells simulated from a planted network with the structure of the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.data import _keys
from infosem.data._arguments import number, seed_number, share, whole_number
from infosem.data._places import EMBEDDING, INTERACTIONS, REGULATORS, note
from infosem.datasets._sequencing import check_sequencing, log_normalise, sequence

_DROPOUT = 0.3
_COUNTS = 1


def simulate(
    n_cells: int = 500,
    n_genes: int = 60,
    n_regulators: int = 12,
    *,
    density: float = 0.15,
    effect: float = 0.5,
    heterogeneity: float = 1.0,
    spectral_radius: float = 0.6,
    repression: float = 0.3,
    dropout: float | None = None,
    depth: float | None = None,
    embedding_width: int = 16,
    embedding_signal: float = 0.8,
    embedding_missing: float = 0.0,
    known_fraction: float = 0.2,
    seed: int = 0,
) -> AnnData:
    r"""Simulate cells from a planted regulatory network with the structure of the model.

    .. math:: Z_{cj} \sim N(0, 1), \qquad H = Z (I - A)^{-1}, \qquad
              X_{cj} = \max(0, m_j + s_j \tanh(H_{cj} / 2)) \cdot D_{cj}

    The planted network is a sparse matrix :math:`A` with :math:`R` rows. The probability of an edge increases with the
    activity :math:`a_i` of the regulator and the susceptibility :math:`b_j` of the target, :math:`p_{ij} \propto
    \exp(a_i + b_j)`. Both are normal with standard deviation ``heterogeneity``. The embeddings contain :math:`a` and
    :math:`b` in two random orthogonal directions, mixed with noise. The dropout indicator :math:`D_{cj}` is zero or
    one; dropout is less likely for genes of higher mean expression.

    With ``depth``, cells are sequenced like real ones, and :math:`X` is replaced by

    .. math:: C_{cj} \sim \mathrm{Poisson}\Big(t \, d_c \frac{\ell_j e_{cj}}{\sum_k \ell_k e_{ck}}\Big), \qquad
              e_{cj} \propto \exp\big(s_j \tanh(H_{cj} / 2)\big), \qquad
              X_{cj} = \log\Big(1 + 10^4 \frac{C_{cj}}{T_c}\Big)

    with log-normal levels :math:`\ell_j` that are independent of the edges (log-sd 1.2) and log-normal depths
    :math:`d_c` (log-sd 0.4). The sum and the total :math:`T_c` are over the genes of the network and 2000 background
    genes, so that normalising by the total does not distort the network. ``depth`` does not change the network, the
    embeddings and the known interactions.

    Parameters
    ----------
    n_cells, n_genes, n_regulators
        Numbers of cells :math:`N`, genes :math:`G` and regulators :math:`R`. The regulators are the first genes.
    density
        Expected share of pairs that are edges.
    effect
        Mean absolute effect of an edge, before the effects among regulators are scaled down.
    heterogeneity
        Standard deviation of the regulators' activity and of the targets' susceptibility.
    spectral_radius
        Maximum spectral radius of :math:`A`. It must be below one, so that propagated effects converge.
    repression
        Share of edges with a negative effect.
    dropout
        Mean share of values set to zero, by default 0.3. With ``depth``, approximate share of values that are lost in
        addition to sampling zeros, by default none. Small values are lost preferentially.
    depth
        Median total count :math:`t` of a cell over all genes, before dropout. By default no counts are simulated.
    embedding_width
        Number of dimensions of the embeddings.
    embedding_signal
        Share of the variance of :math:`a` and :math:`b` that the embeddings carry, in [0, 1].
    embedding_missing
        Share of genes without an embedding (a row of NaN).
    known_fraction
        Share of pairs, whether edges or non-edges, that are known.
    seed
        Random seed. The same seed gives the same data set.

    Returns
    -------
    AnnData, cells x genes. ``X`` is CSR float32 and resembles log-normalised expression. ``varp["truth"]`` holds the
    planted :math:`A`. ``var["is_regulator"]``, ``varm["gene_embedding"]`` and ``varp["known_interactions"]`` are set.
    The latter two contain information on the truth, which ``InfoSEM.setup_anndata(adata)`` uses as priors. To evaluate
    a network inferred from expression alone, call ``InfoSEM.setup_anndata(adata, embedding_key=None,
    interactions_key=None)``. With ``depth``, there are also ``layers["counts"]`` and ``obs["total_counts"]``, the
    latter over all genes, including those outside the network.

    Raises
    ------
    ValueError
        If a size, a share or the depth is out of range.
    """
    if dropout is None:
        dropout = _DROPOUT if depth is None else 0.0
    n_cells, n_genes = whole_number(n_cells, "n_cells", least=2), whole_number(n_genes, "n_genes", least=2)
    n_regulators = whole_number(n_regulators, "n_regulators", least=2, most=n_genes, what="of n_genes")
    embedding_width, seed = whole_number(embedding_width, "embedding_width", least=1), seed_number(seed)
    effect, heterogeneity = number(effect, "effect", least=0), number(heterogeneity, "heterogeneity")
    for name, value in (
        ("density", density),
        ("repression", repression),
        ("dropout", dropout),
        ("embedding_signal", embedding_signal),
        ("embedding_missing", embedding_missing),
        ("known_fraction", known_fraction),
    ):
        share(value, name)
    number(spectral_radius, "spectral_radius", least=0, below=1, what="propagated effects must converge")
    if depth is not None:
        check_sequencing(depth, dropout)
    rng = np.random.default_rng(seed)
    traits = rng.standard_normal((n_genes, 2))
    odds = np.exp(heterogeneity * (traits[:n_regulators, :1] + traits[:, 1]))
    adjacency = _plant(rng, odds, density, effect, spectral_radius, repression)

    noise = rng.standard_normal((n_cells, n_genes))
    among = np.eye(n_regulators) - adjacency[:, :n_regulators]
    h = noise + np.linalg.solve(among.T, noise[:, :n_regulators].T).T @ adjacency
    level, spread = rng.uniform(1.5, 3.0, n_genes), rng.uniform(0.8, 1.4, n_genes)
    change = spread * np.tanh(h / 2)
    chance = rng.random((n_cells, n_genes))
    if depth is None:
        expression = np.maximum(0, level + change) * (chance > _dropout_rate(level, dropout))
    else:
        # a separate generator leaves everything else as it is without counts
        counts, total = sequence(
            np.exp(change), depth=depth, dropout=dropout, rng=np.random.default_rng([seed, _COUNTS])
        )
        expression = log_normalise(counts, total)

    names = [f"TF{i}" for i in range(n_regulators)] + [f"gene{i}" for i in range(n_genes - n_regulators)]
    adata = AnnData(
        sparse.csr_matrix(expression.astype(np.float32)),
        obs=pd.DataFrame(index=[f"cell{c}" for c in range(n_cells)]),
        var=pd.DataFrame({_keys.IS_REGULATOR: np.arange(n_genes) < n_regulators}, index=names),
    )
    if depth is not None:
        adata.layers["counts"] = sparse.csr_matrix(counts.astype(np.float32))
        adata.obs["total_counts"] = total
    truth = sparse.csr_matrix(np.pad(adjacency, ((0, n_genes - n_regulators), (0, 0))))
    adata.varp["truth"] = truth
    adata.varm[_keys.GENE_EMBEDDING] = _embed(rng, traits, embedding_width, embedding_signal, embedding_missing)
    adata.varp[_keys.KNOWN_INTERACTIONS] = _reveal(rng, adjacency, n_genes, known_fraction)
    for key, kind in (
        (_keys.IS_REGULATOR, REGULATORS), (_keys.GENE_EMBEDDING, EMBEDDING), (_keys.KNOWN_INTERACTIONS, INTERACTIONS)
    ):  # fmt: skip
        adata.uns[key] = note("datasets.simulate", kind, source="simulated")
    return adata


def _plant(
    rng: np.random.Generator,
    odds: np.ndarray,
    density: float,
    effect: float,
    spectral_radius: float,
    repression: float,
) -> np.ndarray:
    n_regulators = len(odds)
    odds[np.arange(n_regulators), np.arange(n_regulators)] = 0
    edge = rng.random(odds.shape) < np.minimum(1, odds * density * odds.size / odds.sum())
    size = effect * rng.uniform(0.5, 1.5, odds.shape) * np.where(rng.random(odds.shape) < repression, -1, 1)
    adjacency = np.where(edge, size, 0.0)
    radius = np.abs(np.linalg.eigvals(adjacency[:, :n_regulators])).max()
    if radius > spectral_radius:
        adjacency[:, :n_regulators] *= spectral_radius / radius
    return adjacency


def _dropout_rate(level: np.ndarray, dropout: float) -> np.ndarray:
    rate = np.exp(-level)
    return np.minimum(0.95, rate * dropout / rate.mean())


def _embed(rng: np.random.Generator, traits: np.ndarray, width: int, signal: float, missing: float) -> np.ndarray:
    noisy = np.sqrt(signal) * traits + np.sqrt(1 - signal) * rng.standard_normal(traits.shape)
    directions = np.linalg.qr(rng.standard_normal((width, 2)))[0]
    embedding = noisy @ directions.T + 0.1 * rng.standard_normal((len(traits), width)) + rng.standard_normal(width)
    embedding[rng.random(len(traits)) < missing] = np.nan
    return embedding.astype(np.float32)


def _reveal(rng: np.random.Generator, adjacency: np.ndarray, n_genes: int, fraction: float) -> sparse.csr_matrix:
    known = rng.random(adjacency.shape) < fraction
    known[np.arange(len(adjacency)), np.arange(len(adjacency))] = False
    source, target = np.nonzero(known)
    values = np.where(adjacency[source, target] != 0, 1, -1).astype(np.int8)
    return sparse.csr_matrix((values, (source, target)), shape=(n_genes, n_genes))
