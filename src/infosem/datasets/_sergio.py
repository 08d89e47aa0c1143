"""Cells simulated with SERGIO, by stochastic gene regulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.data import _keys
from infosem.data._arguments import seed_number, whole_number
from infosem.datasets._knock_outs import HILL, knock_out_shifts
from infosem.datasets._sequencing import check_sequencing, log_normalise, sequence
from infosem.datasets._topology import part_of, random_topology

_DECAY = 0.8
_STRENGTH = (1.0, 5.0)
_LOW_PRODUCTION, _HIGH_PRODUCTION = (0.3, 1.2), (1.5, 5.0)
_BURN_IN, _STEPS_BETWEEN_CELLS, _TIME_STEP, _NOISE = 150, 10, 0.01, 1


def sergio(
    n_cells: int = 1500,
    n_genes: int = 300,
    n_regulators: int = 60,
    *,
    n_types: int = 6,
    depth: float = 3000.0,
    dropout: float = 0.0,
    edges: pd.DataFrame | None = None,
    knock_outs: Sequence[str] | Literal["all"] = (),
    seed: int = 0,
) -> AnnData:
    r"""Simulate counts of cells with SERGIO, in which genes regulate each other's production.

    .. math:: dx_j = \Big(b_{jt} + \sum_i |k_{ij}| \, r_{ij}(x_i) - \delta x_j\Big) dt + \text{noise}, \qquad
              r_{ij}(x) = \frac{x^2}{h_i^2 + x^2} \text{ or } \frac{h_i^2}{h_i^2 + x^2}

    for activation and repression, with strengths :math:`|k_{ij}|` between 1 and 5, decay :math:`\delta = 0.8`, and
    :math:`h_i` the mean of :math:`x_i`. Genes without regulators are produced at a rate :math:`b_{jt}` that depends on
    the cell type :math:`t`. Production and decay are noisy (chemical Langevin equation). Cells are drawn from the
    steady state and sequenced together with 2000 genes outside the network. Each gene has its own expression level.

    In the original SERGIO, genes with more regulators are expressed more, and the total count of a cell is that of the
    genes in the network. Both artefacts reveal the network; for the first, the mean expression of the targets suffices.

    Parameters
    ----------
    n_cells, n_genes, n_regulators
        Numbers of cells, genes and regulators. With ``edges``, the latter two are upper bounds. The regulators are the
        first genes.
    n_types
        Number of cell types. Cells are distributed evenly; the first types may have one cell more.
    depth
        Median total count of a cell over all genes, including those outside the network, before dropout.
    dropout
        Approximate share of values that are lost, in [0, 1). Small values are lost preferentially.
    edges
        Network from which to take a part, such as TRRUST, with columns ``source``, ``target`` and, for the signs,
        ``sign``, ``weight`` or ``mode`` (a number, or text that starts with "activ" or "repress"). The part has no
        cycles and at most 8 regulators per gene. By default a random network in which few regulators have many targets.
    knock_outs
        Regulators, or ``"all"``, for which to compute the effect of a knock-out on the mean expression of each gene.
    seed
        Random seed. The same seed gives the same data set.

    Returns
    -------
    AnnData, cells x genes. ``X`` is CSR float32, log1p of the counts normalised to 10,000 over all genes, with

    - ``layers["counts"]``, and ``obs["total_counts"]`` over all genes, including those outside the network;
    - ``obs["cell_type"]``, and ``var["is_regulator"]``, the genes with targets;
    - ``varp["truth"]``: signed strengths :math:`k`, CSR, row = regulator;
    - ``uns["knock_outs"]``, if requested: a table with one row per knock-out and one column per gene. It holds the
      relative change of the mean expression in the noise-free steady state, from -1 (lost) to 0 (unchanged) and above.

    Raises
    ------
    ImportError
        If the package ``sergio_rs`` is not installed.
    ValueError
        If the sizes are inconsistent, or a gene to knock out is not a regulator.

    References
    ----------
    Dibaeinia and Sinha (2020), Cell Systems 11, 252-271. The simulation uses the package ``sergio_rs``.
    """
    n_genes, n_types = whole_number(n_genes, "n_genes", least=3), whole_number(n_types, "n_types", least=1)
    what = f"below n_genes={n_genes}"
    n_regulators = whole_number(n_regulators, "n_regulators", least=2, most=n_genes - 1, what=what)
    n_cells = whole_number(n_cells, "n_cells", least=max(2, n_types), what=f"two at least, and n_types={n_types}")
    seed = seed_number(seed)
    check_sequencing(depth, dropout)
    rng = np.random.default_rng(seed)
    if edges is None:
        network = random_topology(n_regulators, n_genes, rng)
    else:
        network = part_of(edges, n_regulators, n_genes, rng)
    network["strength"] = network["sign"] * rng.uniform(*_STRENGTH, len(network))
    sources = network["source"].unique()
    # natural order, TF2 before TF10
    names = pd.Index([*sorted(sources, key=_by_number), *sorted(set(network["target"]) - set(sources), key=_by_number)])
    strength = network.pivot_table(index="source", columns="target", values="strength")
    strength = strength.reindex(index=names, columns=names).fillna(0.0)
    chosen = _chosen(knock_outs, names[: len(sources)])

    clean = _steady_cells(network, n_cells, n_types, seed)[names]
    counts, total = sequence(clean.to_numpy(), depth=depth, dropout=dropout, rng=rng)
    adata = AnnData(
        sparse.csr_matrix(log_normalise(counts, total).astype(np.float32)),
        obs=pd.DataFrame(
            {"cell_type": pd.Categorical(_types(clean)), "total_counts": total},
            index=[f"cell{c}" for c in range(n_cells)],
        ),
        var=pd.DataFrame({_keys.IS_REGULATOR: names.isin(sources)}, index=names),
        layers={"counts": sparse.csr_matrix(counts.astype(np.float32))},
        varp={"truth": sparse.csr_matrix(strength.to_numpy())},
    )
    if chosen:
        of_types = clean.groupby(adata.obs["cell_type"].to_numpy()).mean().to_numpy()
        production = np.where((strength != 0).any(axis=0), 0.0, _DECAY * of_types)
        adata.uns["knock_outs"] = knock_out_shifts(strength, production, _DECAY, chosen)
    return adata


def _by_number(name: str) -> tuple[str, int, str]:
    letters = name.rstrip("0123456789")
    return letters, int(name[len(letters) :] or 0), name


def _chosen(knock_outs: Sequence[str] | Literal["all"], regulators: pd.Index) -> list[str]:
    if isinstance(knock_outs, str):
        if knock_outs != "all":
            raise ValueError(f'knock_outs={knock_outs!r} must be a list of regulators, [{knock_outs!r}], or "all".')
        return list(regulators)
    unknown = sorted(set(knock_outs) - set(regulators))
    if unknown:
        raise ValueError(f"knock_outs names {unknown[0]!r}, which has no target; there are {', '.join(regulators)}.")
    return list(knock_outs)


def _steady_cells(network: pd.DataFrame, n_cells: int, n_types: int, seed: int) -> pd.DataFrame:
    """Return expression without technical noise, cells x genes. Cells are named ``<type>_cell_<number>``."""
    try:
        import sergio_rs
    except ImportError as error:
        raise ImportError('SERGIO is not installed: pip install "infosem[sergio]".') from error

    genes = {name: sergio_rs.Gene(name, _DECAY) for name in pd.unique(network[["source", "target"]].to_numpy().ravel())}
    grn = sergio_rs.GRN()
    for edge in network.itertuples(index=False):
        grn.add_interaction(genes[edge.source], genes[edge.target], edge.strength, None, HILL)
    grn.set_mrs()
    profile = sergio_rs.MrProfile.from_random(grn, n_types, _LOW_PRODUCTION, _HIGH_PRODUCTION, seed)
    simulation = sergio_rs.Sim(grn, -(-n_cells // n_types), _BURN_IN, _STEPS_BETWEEN_CELLS, _TIME_STEP, _NOISE, seed)
    table = simulation.simulate(profile)
    values = table.select(table.columns[1:]).to_numpy()
    cells = pd.DataFrame(values.T, index=table.columns[1:], columns=table["Genes"].to_list())
    last = np.flatnonzero(~_types(cells).duplicated(keep="last"))
    return cells.drop(cells.index[last[n_types - (len(cells) - n_cells) :]])


def _types(cells: pd.DataFrame) -> pd.Index:
    return cells.index.str.split("_cell_").str[0]
