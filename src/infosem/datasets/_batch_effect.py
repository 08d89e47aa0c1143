"""Batch effects, added to cells that have none."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from infosem.data._arguments import number, seed_number, share, whole_number
from infosem.data._blocks import is_in_memory
from infosem.data._checks import require_key
from infosem.data._expression import check_expression
from infosem.data._places import check_key
from infosem.datasets._resampling import log_rate_sd, resample
from infosem.datasets._sequencing import log_normalise

_LEAST_SHARE = 0.01


def add_batch_effect(
    adata: AnnData,
    n_batches: int = 3,
    *,
    location: float = 1.0,
    scale: float = 0.5,
    composition_key: str | None = None,
    imbalance: float = 0.8,
    layer: str | None = "auto",
    key_added: str = "batch",
    seed: int = 0,
) -> AnnData:
    r"""Assign cells to batches at random, and shift and scale every gene in every batch.

    .. math:: u_{bj}, v_{bj} \sim N(0, 1), \qquad f_{bj} = e^{\mathtt{scale} \cdot v_{bj}}

    **Log-normalised expression** without counts: the detected values, those above zero, become

    .. math:: X'_{cj} = \max\big(m_j / 100, \; m_j + \mathtt{location} \cdot \sigma_j u_{bj}
              + f_{bj} (X_{cj} - m_j)\big)

    with mean :math:`m_j` and standard deviation :math:`\sigma_j` of the detected values of the gene. Zeros stay zeros,
    so that a batch does not change which values are detected. Values that would not be above zero are raised to
    a hundredth of the mean, which flattens genes whose values spread as widely as they are high.

    **Counts**, with ``layers["counts"]``: the effect acts before sequencing, on the Poisson rates
    :math:`\lambda_{cj}`, which become

    .. math:: \lambda'_{cj} = q_{bj} \big(a_{bj} \lambda_{cj} + (1 - a_{bj}) \, p_j T_c\big), \qquad
              q_{bj} = \frac{F_{bj}}{\max_k F_{kj}}, \qquad F_{bj} = e^{\mathtt{location} \cdot \sigma_j u_{bj}},
              \qquad a_{bj} = \frac{f_{bj}}{\max_k f_{kj}}

    where :math:`T_c` is the total count, :math:`p_j` the gene's share of all counts, and :math:`\sigma_j` the standard
    deviation of the log rate beyond sampling, estimated by moments. So :math:`q` shifts the log rate, and :math:`a`
    scales the deviations from the mean rate, as contamination with the mean profile does. Counts with exactly these
    rates are drawn from the counts: binomial thinning by :math:`q a`, plus Poisson counts of rate
    :math:`q (1 - a) p_j T_c`. Counts can only be thinned, hence both factors are at most one, and the result is
    shallower than the original: compare methods at this depth, or begin with deeper counts. Of ``obs["total_counts"]``
    the part of genes that are not in ``adata`` is thinned by the mean of :math:`q`, as such genes have effects of
    their own, which cancel out in their sum. ``X`` is normalised again, :math:`\log(1 + 10^4 C' / T')`.

    The effects of genes and batches are independent. They are independent of the batch's composition, too, so that the
    same seed gives the same effects for every composition.

    Parameters
    ----------
    adata
        Cells x genes, in memory, which is not changed.
    n_batches
        Number of batches :math:`B`. With one batch there is nothing to compare, so two at least.
    location
        Standard deviation of the shifts, in standard deviations of the gene.
    scale
        Standard deviation of the logarithm of the factors.
    composition_key
        Column of ``obs`` with groups, such as cell types, over which the batches are unbalanced. By default cells are
        divided evenly, up to one cell.
    imbalance
        Share :math:`w` of a group's cells that goes to its main batch; the others are divided evenly over all batches.
        With 0 every batch has the same composition, and with 1 every group has only one batch. The main batch of the
        :math:`k`-th group is number :math:`k \bmod B`.
    layer
        Layer with counts. ``"auto"`` takes ``"counts"`` if there is one. ``None`` changes ``X`` and leaves the layers
        as they are.
    key_added
        Column of ``obs`` for the batches.
    seed
        Random seed. The same seed gives the same batches and effects.

    Returns
    -------
    Copy of ``adata`` with changed ``X`` and, with counts, changed ``layers[layer]`` and ``obs["total_counts"]``, and

    - ``obs["batch"]``, categorical: ``batch0``, ``batch1``, ...;
    - ``varm["batch_shift"]``, genes x batches: :math:`\mathtt{location} \cdot \sigma_j u_{bj}`, with counts
      :math:`\log q_{bj}`;
    - ``varm["batch_scale"]``, genes x batches: :math:`f_{bj}`, with counts :math:`a_{bj}`.

    Raises
    ------
    KeyError
        If the column or the layer does not exist.
    TypeError
        If the expression is not in memory.
    ValueError
        If a number is out of range, a batch would have no cells, a column would be replaced, or the values are neither
        counts nor log-normalised.
    """
    n_batches = whole_number(n_batches, "n_batches", least=2, most=max(2, adata.n_obs), what="the number of cells")
    location, scale = number(location, "location", least=0), number(scale, "scale", least=0)
    imbalance, seed = share(imbalance, "imbalance"), seed_number(seed)
    shift_key, scale_key = (f"{check_key(key_added)}_{part}" for part in ("shift", "scale"))
    if key_added in adata.obs or shift_key in adata.varm or scale_key in adata.varm:
        raise ValueError(f"key_added={key_added!r} is taken in adata.obs or adata.varm. Choose another one.")
    if layer == "auto":
        layer = "counts" if "counts" in adata.layers else None
    if layer is not None:
        require_key(adata, "layers", layer)
    values = adata.X if layer is None else adata.layers[layer]
    if not is_in_memory(values):
        raise TypeError("add_batch_effect changes expression in memory. Read it first: adata = adata.to_memory().")
    of_cells, of_genes, of_counts = (np.random.default_rng([seed, i]) for i in range(3))
    batch = _assign(_groups(adata, composition_key), n_batches, imbalance if composition_key else 0.0, of_cells)
    if len(np.unique(batch)) < n_batches:
        raise ValueError(f"imbalance={imbalance:g} leaves {n_batches - len(np.unique(batch))} batches without a cell.")
    u, v = of_genes.standard_normal((2, n_batches, adata.n_vars))
    factor = np.exp(scale * v)

    changed = adata.copy()
    if layer is None:
        check_expression(values, name="adata.X")
        x = sparse.csr_matrix(values, dtype=np.float64)
        x.eliminate_zeros()
        mean, sd = _moments_of_detected(x)
        shift = location * sd * u
        at, gene = batch[np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))], x.indices
        moved = mean[gene] + shift[at, gene] + factor[at, gene] * (x.data - mean[gene])
        x.data = np.maximum(_LEAST_SHARE * mean[gene], moved)
        changed.X = x.astype(np.float32) if sparse.issparse(values) else x.toarray().astype(np.float32)
    else:
        counts = sparse.csr_matrix(values, dtype=np.float64)
        total = _totals(adata, counts, layer)
        shift = location * log_rate_sd(counts, total) * u
        shift, factor = shift - shift.max(axis=0), factor / factor.max(axis=0)
        drawn, total = resample(counts, total, batch, kept=np.exp(shift), own=factor, rng=of_counts)
        changed.layers[layer] = drawn
        changed.X = sparse.csr_matrix(log_normalise(drawn.toarray(), total).astype(np.float32))
        if "total_counts" in adata.obs:
            changed.obs["total_counts"] = total.astype(adata.obs["total_counts"].dtype)
    changed.obs[key_added] = pd.Categorical.from_codes(batch, categories=[f"batch{b}" for b in range(n_batches)])
    changed.varm[shift_key], changed.varm[scale_key] = shift.T, factor.T
    return changed


def _groups(adata: AnnData, key: str | None) -> np.ndarray:
    if key is None:
        return np.zeros(adata.n_obs, dtype=int)
    require_key(adata, "obs", key)
    group, _ = pd.factorize(adata.obs[key], sort=True)
    if (group < 0).any():
        raise ValueError(f"adata.obs[{key!r}] has no group for {(group < 0).sum()} of {adata.n_obs} cells.")
    return group


def _assign(group: np.ndarray, n_batches: int, imbalance: float, rng: np.random.Generator) -> np.ndarray:
    """Assign the cells of each group at random, to numbers of cells that differ from the expected by less than one."""
    batch = np.empty(len(group), dtype=int)
    for g in range(group.max() + 1):
        chance = np.full(n_batches, (1 - imbalance) / n_batches)
        chance[g % n_batches] += imbalance
        cells = rng.permutation(np.flatnonzero(group == g))
        place = (np.arange(len(cells)) + rng.random()) / len(cells)
        batch[cells] = np.searchsorted(np.cumsum(chance)[:-1], place, side="right")
    return batch


def _moments_of_detected(x: sparse.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    n = np.maximum(1, np.bincount(x.indices, minlength=x.shape[1]))
    mean = np.bincount(x.indices, x.data, minlength=x.shape[1]) / n
    deviation = (x.data - mean[x.indices]) ** 2
    return mean, np.sqrt(np.bincount(x.indices, deviation, minlength=x.shape[1]) / n)


def _totals(adata: AnnData, counts: sparse.csr_matrix, layer: str) -> np.ndarray:
    sums = np.asarray(counts.sum(axis=1)).ravel()
    if not ((counts.data >= 0) & (counts.data == np.floor(counts.data))).all():
        raise ValueError(f"adata.layers[{layer!r}] holds values that are not counts, whole numbers from zero up.")
    total = adata.obs["total_counts"].to_numpy(dtype=float) if "total_counts" in adata.obs else sums
    if (total < sums).any():
        raise ValueError(f'adata.obs["total_counts"] is below the sum of adata.layers[{layer!r}] in some cells.')
    return total
