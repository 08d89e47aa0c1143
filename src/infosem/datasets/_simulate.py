"""Cells simulated from a planted network with the structure of the model."""

from __future__ import annotations

import numpy as np
from anndata import AnnData

from infosem.data._arguments import seed_number, whole_number
from infosem.datasets._planted_cells import Sequencing, measure, respond
from infosem.datasets._planting import Knowledge, Planting


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
    planting = Planting.checked(
        n_genes=n_genes,
        n_regulators=n_regulators,
        density=density,
        effect=effect,
        heterogeneity=heterogeneity,
        spectral_radius=spectral_radius,
        repression=repression,
    )
    knowledge = Knowledge.checked(
        width=embedding_width, signal=embedding_signal, missing=embedding_missing, known_fraction=known_fraction
    )
    sequencing = Sequencing.checked(dropout, depth)
    n_cells, seed = whole_number(n_cells, "n_cells", least=2), seed_number(seed)
    rng = np.random.default_rng(seed)
    traits = planting.traits(rng)
    (adjacency,) = planting.stable(planting.edges(rng, traits))
    adata = measure(respond([(n_cells, adjacency)], planting.n_genes, rng), planting, sequencing, seed=seed)
    adata.varp["truth"] = planting.square(adjacency)
    knowledge.tell(adata, rng, traits, adjacency != 0, made_by="datasets.simulate")
    return adata
