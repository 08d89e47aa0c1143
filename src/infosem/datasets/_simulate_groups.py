"""Cells of several groups, whose planted networks share a part of their edges."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.data._arguments import number, seed_number, share, whole_number
from infosem.data._places import file_key
from infosem.datasets._planted_cells import Sequencing, measure, respond
from infosem.datasets._planting import Knowledge, Planting

_N_CELLS = MappingProxyType({"A": 60, "B": 200, "C": 2000})


def simulate_groups(
    n_cells: Mapping[str, int] = _N_CELLS,
    n_genes: int = 100,
    n_regulators: int = 20,
    *,
    shared: float = 0.8,
    mean_shift: float = 0.0,
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
    r"""Simulate groups of cells, such as cell types, whose networks have a part in common.

    .. math:: A^{(g)} = S + O^{(g)}, \qquad H_c = Z_c (I - A^{(g_c)})^{-1}, \qquad
              X_{cj} = \max(0, m_j + \delta_{g_c j} + s_j \tanh(H_{cj} / 2)) \cdot D_{cj}

    Cells are drawn as by :func:`simulate`, each with the network of its group. The edges of :math:`S` are the same in
    all groups and have the same effects. Those of :math:`O^{(g)}` belong to group :math:`g` alone: no other group has
    an edge between the same genes. All edges are planted together, with the same odds and the same distribution of
    effects, and then dealt out at random, so that a shared edge looks like any other. Each network has :math:`n` edges,
    up to rounding, of which :math:`\mathrm{round}(n \cdot \mathtt{shared})` are shared.

    Levels :math:`m_j`, spreads :math:`s_j` and the noise are those of the gene in all groups. The groups differ in
    their means by :math:`\delta_{gj} \sim N(0, \sigma_j^2 \cdot \mathtt{mean\_shift}^2)`, where :math:`\sigma_j` is the
    standard deviation of :math:`s_j \tanh(H_j / 2)` within groups, the mean variance over groups. The differences are
    independent of the networks, so that they are no evidence for an edge; real differences between cell types are
    partly caused by their regulators. With ``depth``, :math:`e_{cj} \propto \exp(\delta_{g_c j} + s_j \tanh(H_{cj} /
    2))` is sequenced.

    Parameters
    ----------
    n_cells
        Number of cells of each group, two groups or more.
    n_genes, n_regulators
        Numbers of genes :math:`G` and regulators :math:`R`. The regulators are the first genes.
    shared
        Share of the edges of a group that all groups have, in [0, 1].
    mean_shift
        Standard deviation of the differences between the means of groups, in standard deviations of the gene.
    density
        Expected share of pairs that are edges in a group. The share of pairs that are edges in any group,
        :math:`\mathtt{density} \cdot (\mathtt{shared} + K (1 - \mathtt{shared}))` for :math:`K` groups, must be one or
        less.
    effect, heterogeneity, spectral_radius, repression, dropout, depth
        See :func:`simulate`. Effects among regulators are scaled down by the same factor in all groups.
    embedding_width, embedding_signal, embedding_missing
        See :func:`simulate`. All groups have the same activities and susceptibilities.
    known_fraction
        Share of pairs that are known: as an edge if any group has it, and as a non-edge otherwise.
    seed
        Random seed. The same seed gives the same data set.

    Returns
    -------
    AnnData, cells x genes, as :func:`simulate` returns, with the cells of the groups one after the other, and

    - ``obs["group"]``, categorical, in the order of ``n_cells``;
    - ``varp["truth"]``: the shared edges :math:`S`, CSR, row = regulator;
    - ``varp["truth:A"]``: the network :math:`A^{(g)}` of the group ``"A"``, and so on.

    Raises
    ------
    TypeError
        If ``n_cells`` is not a mapping from names to numbers.
    ValueError
        If there are fewer than two groups, or a size, a share or the depth is out of range.

    Examples
    --------
    >>> adata = infosem.datasets.simulate_groups({"B": 200, "T": 300}, shared=0.5)
    >>> adata.varp["truth:T"]
    """
    sizes = _checked_sizes(n_cells)
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
    seed, mean_shift = seed_number(seed), number(mean_shift, "mean_shift", least=0)
    shared = share(shared, "shared", what="a share of the edges of each group")
    times = shared + len(sizes) * (1 - shared)
    if times * planting.density > 1:
        raise ValueError(
            f"density={planting.density:g} leaves no room for the edges of {len(sizes)} groups that share {shared:g} "
            f"of them; it must be {1 / times:.3g} or less."
        )
    rng = np.random.default_rng(seed)
    traits = planting.traits(rng)
    everything = planting.edges(rng, traits, times=times)
    common, *networks = planting.stable(*_deal(everything, len(sizes), shared, rng))
    responses = respond(zip(sizes.values(), networks, strict=True), planting.n_genes, rng)
    group = np.repeat(np.arange(len(sizes)), list(sizes.values()))
    variance = np.mean([responses.change[group == g].var(axis=0) for g in range(len(sizes))], axis=0)
    shift = mean_shift * np.sqrt(variance) * rng.standard_normal((len(sizes), planting.n_genes))

    adata = measure(responses, planting, sequencing, seed=seed, shift=shift[group])
    adata.obs["group"] = pd.Categorical.from_codes(group, categories=list(sizes))
    adata.varp["truth"] = planting.square(common)
    for name, network in zip(sizes, networks, strict=True):
        adata.varp[file_key("truth", name)] = planting.square(network)
    knowledge.tell(adata, rng, traits, everything != 0, made_by="datasets.simulate_groups")
    return adata


def _checked_sizes(n_cells: object) -> dict[str, int]:
    if not isinstance(n_cells, Mapping) or not all(isinstance(name, str) and name.strip() for name in n_cells):
        raise TypeError(f'n_cells={n_cells!r} must map names of groups to numbers of cells, {{"A": 200, "B": 500}}.')
    if len(n_cells) < 2:
        raise ValueError(f"n_cells={n_cells!r} must have two groups or more; simulate() draws cells of one network.")
    return {name: whole_number(n, f"n_cells[{name!r}]", least=2) for name, n in n_cells.items()}


def _deal(everything: np.ndarray, n_groups: int, shared: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Deal out the edges at random. Return the shared edges, and the network of each group."""
    place = rng.permutation(np.flatnonzero(everything))
    n_of_group = len(place) / (shared + n_groups * (1 - shared))
    common, own = np.split(place, [round(n_of_group * shared)])
    parts = [common, *(np.concatenate([common, mine]) for mine in np.array_split(own, n_groups))]
    return [np.where(np.isin(np.arange(everything.size), part).reshape(everything.shape), everything, 0.0)
            for part in parts]  # fmt: skip
