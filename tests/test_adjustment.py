"""Location and scale by batch and covariates, against dense least squares and formulas from scratch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scvi import REGISTRY_KEYS

from infosem.data._counts import LogNormalisation, fit_normalisation
from infosem.data._moments import Standardisation
from infosem.module import Standardiser
from infosem.statistics._adjustment import fit_adjustment
from infosem.statistics._design import Design, DesignSizes, Factor, independent_columns

N, G = 400, 7


def made(*, mask_zeros, group=True, seed=0):
    """Cells with three batches, a covariate of two categories and a continuous one, and two groups."""
    rng = np.random.default_rng(seed)
    batch, kind, group_of = rng.integers(0, 3, N), rng.integers(0, 2, N), rng.integers(0, 2, N)
    value = rng.normal(5, 2, (N, 1))
    x = rng.gamma(4, size=(N, G)) + 3 + rng.normal(size=(3, G))[batch] + kind[:, None] + 0.2 * value + group_of[:, None]
    if mask_zeros:
        x = x * (rng.random((N, G)) > 0.3)
    design = Design(
        batch=Factor("batch", batch, ["a", "b", "c"]),
        factors=[Factor("kind", kind, ["u", "v"])],
        values=value,
        value_names=["value"],
        group=Factor("group", group_of, ["g", "h"]) if group else None,
    )
    return x, design


def blocks_of(x):
    return lambda: iter(np.array_split(x, 3))


def dense(design):
    """Full indicator matrices, so that least squares has many solutions with the same fit."""
    parts = [np.ones((N, 1)), *(np.eye(len(f.levels))[f.codes] for f in (design.batch, *design.factors))]
    known = np.hstack([*parts, design.values])
    return known, np.hstack([known, np.eye(2)[design.group.codes]]) if design.group else known


def standardised(x, design, mask_zeros):
    counted = x != 0 if mask_zeros else np.ones_like(x, dtype=bool)
    n = counted.sum(0)
    mean = (x * counted).sum(0) / np.maximum(n, 1)
    sd = np.sqrt((np.square(x - mean) * counted).sum(0) / np.maximum(n, 1))
    found = fit_adjustment(blocks_of(x), design, mask_zeros=mask_zeros)
    standardiser = Standardiser(Standardisation(mean, sd, int(n.sum())), DesignSizes(3, (2,), 1))
    standardiser.adjust(found)
    return found, standardiser(
        {
            REGISTRY_KEYS.X_KEY: torch.tensor(x),
            REGISTRY_KEYS.BATCH_KEY: torch.tensor(design.batch.codes[:, None]),
            REGISTRY_KEYS.CAT_COVS_KEY: torch.tensor(design.factors[0].codes[:, None]),
            REGISTRY_KEYS.CONT_COVS_KEY: torch.tensor(design.values),
        }
    )


@pytest.mark.parametrize("mask_zeros", [False, True])
@pytest.mark.parametrize("group", [False, True])
def test_location_is_that_of_least_squares_without_the_groups(mask_zeros, group):
    x, design = made(mask_zeros=mask_zeros, group=group)
    _, cells = standardised(x, design, mask_zeros)
    known, everything = dense(design)
    for gene in range(G):
        rows = x[:, gene] != 0 if mask_zeros else np.ones(N, dtype=bool)
        coefficients = np.linalg.lstsq(everything[rows], x[rows, gene], rcond=None)[0]
        location = known @ coefficients[: known.shape[1]]
        expected = location - location[rows].mean() + x[rows, gene].mean()
        np.testing.assert_allclose(cells.location[:, gene].numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("mask_zeros", [False, True])
def test_adjusted_values_have_mean_zero_and_variance_one(mask_zeros):
    x, design = made(mask_zeros=mask_zeros, group=False)
    _, cells = standardised(x, design, mask_zeros)
    z = cells.unclipped().numpy()
    for gene in range(G):
        counted = z[x[:, gene] != 0, gene] if mask_zeros else z[:, gene]
        assert counted.mean() == pytest.approx(0, abs=1e-4)
        assert counted.var() == pytest.approx(1, rel=1e-3)
    np.testing.assert_allclose(cells.restore(torch.tensor(z)).numpy(), x, rtol=1e-4, atol=1e-4)


def test_scales_are_shrunk_as_far_as_their_variance_is_chance():
    rng = np.random.default_rng(1)
    batch = np.repeat([0, 1], [2000, 40])
    log_sd = rng.normal(0.3, 0.4, 300)  # of the second batch, relative to the first
    x = rng.normal(size=(2040, 300))
    x[batch == 1] *= np.exp(log_sd)
    design = Design(Factor("batch", batch, ["a", "b"]), [], np.zeros((2040, 0)), [], None)
    found = fit_adjustment(blocks_of(10 + x), design, mask_zeros=False)
    ratio = np.log(found.batch_scale[1] / found.batch_scale[0])
    measured = np.log(x[batch == 1].std(0) / x[batch == 0].std(0))
    assert np.square(ratio - log_sd).mean() < 0.95 * np.square(measured - log_sd).mean()
    assert np.corrcoef(ratio, log_sd)[0, 1] > 0.9
    # of equal batches, chance alone: nothing is left
    equal = fit_adjustment(blocks_of(rng.normal(10, 1, (2040, 300))), design, mask_zeros=False)
    assert np.abs(np.log(equal.batch_scale)).max() < 0.05


def test_shrinkage_by_its_formula():
    rng = np.random.default_rng(2)
    batch = rng.integers(0, 3, 600)
    x = rng.normal(size=(600, 40)) * np.exp(rng.normal(0, 0.3, (3, 40)))[batch]
    design = Design(Factor("batch", batch, ["a", "b", "c"]), [], np.zeros((600, 0)), [], None)
    found = fit_adjustment(blocks_of(x), design, mask_zeros=False)
    residual = x - np.stack([x[batch == b].mean(0) for b in range(3)])[batch]
    pooled = np.square(residual).mean(0)
    kurtosis = np.stack(
        [(residual[batch == b] ** 4).mean(0) / (residual[batch == b] ** 2).mean(0) ** 2 for b in range(3)]
    )
    kurtosis = np.average(kurtosis, axis=0, weights=np.bincount(batch))
    for b in range(3):
        n = (batch == b).sum()
        v = (kurtosis - 1) / n
        y = np.log(residual[batch == b].var(0, ddof=1) / pooled) + v / 2
        w = 1 / v
        q = (w * (y - np.average(y, weights=w)) ** 2).sum()
        tau2 = max(0, (q - 39) / (w.sum() - (w**2).sum() / w.sum()))
        mean = np.average(y, weights=1 / (v + tau2))
        expected = np.exp((mean + tau2 / (tau2 + v) * (y - mean)) / 2)
        np.testing.assert_allclose(found.batch_scale[b], expected, rtol=1e-6)


def test_what_other_columns_say_already_needs_no_coefficient():
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(2, 50))
    matrix = np.stack([np.ones(50), first, 2 * first - 3, second, first + second, np.zeros(50)], axis=1)
    assert independent_columns(matrix).tolist() == [True, True, False, True, False, False]


@pytest.mark.parametrize("mask_zeros", [False, True])
def test_a_covariate_that_equals_the_batch_changes_nothing(mask_zeros, caplog):
    x, design = made(mask_zeros=mask_zeros)
    twice = Design(
        design.batch, [*design.factors, Factor("lane", design.batch.codes, ["1", "2", "3"])], design.values, ["v"], None
    )
    once = Design(design.batch, design.factors, design.values, ["v"], None)
    found, expected = (fit_adjustment(blocks_of(x), d, mask_zeros=mask_zeros) for d in (twice, once))
    np.testing.assert_allclose(found.by_batch, expected.by_batch, atol=1e-6)
    np.testing.assert_allclose(found.by_category[:2], expected.by_category, atol=1e-6)
    assert not found.by_category[2:].any()
    twice.warn_if_redundant()
    assert "adata.obs['lane'] is determined by the batch" in caplog.text


def test_groups_that_are_batches_count_as_batches(caplog):
    x, design = made(mask_zeros=False)
    same = Design(design.batch, [], np.zeros((N, 0)), [], Factor("type", design.batch.codes, ["g", "h", "i"]))
    found = fit_adjustment(blocks_of(x), same, mask_zeros=False)
    means = np.stack([x[design.batch.codes == b].mean(0) for b in range(3)])
    np.testing.assert_allclose(found.by_batch, means - x.mean(0), atol=1e-6)
    same.warn_if_redundant()
    assert "cannot be told apart from batches" in caplog.text


def test_a_gene_that_a_batch_lacks_is_finite():
    x, design = made(mask_zeros=True)
    x[design.batch.codes == 1, 0] = 0
    x[:, 1] = 0
    found, cells = standardised(x, design, mask_zeros=True)
    assert all(np.isfinite(values).all() for values in vars(found).values())
    assert torch.isfinite(cells.standardised()).all()


def test_counts_are_divided_by_the_size_of_the_cell():
    counts, sizes = torch.tensor([[1.0, 3.0], [0.0, 0.0], [2.0, 8.0]]), torch.tensor([[100.0], [0.0], [50.0]])
    np.testing.assert_allclose(LogNormalisation(50.0).factors(counts, sizes, None), [[2], [1], [1]])
    levels = torch.tensor([0.2, 0.5])
    expected = [np.sqrt(4 * np.exp((0 - 0.2 + np.log(3) - 0.5) / 2)) / 8, 1]
    expected.append(np.sqrt(10 * np.exp((np.log(2) - 0.2 + np.log(8) - 0.5) / 2)) / 8)
    np.testing.assert_allclose(LogNormalisation(8.0).factors(counts, None, levels)[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("known", [True, False])
def test_normalised_counts_have_a_mean_of_four(known):
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(2, 2, 40), (60, 40)).astype(float)
    counts[5] = 0
    sizes = rng.uniform(1, 3, (60, 1)) if known else None
    found = fit_normalisation(blocks_of(counts), sizes)
    levels = np.log(np.maximum(counts, 1)).mean(0)
    if not known:
        np.testing.assert_allclose(found.levels, levels)
        above = np.where(counts > 0, np.log(np.maximum(counts, 1)) - levels, np.nan)
        sizes = np.sqrt(counts.sum(1) * np.exp(np.nan_to_num([np.nanmean(row) for row in above])))[:, None]
    normalised = counts / np.where(sizes > 0, sizes / found.reference, 1)
    assert normalised.mean() == pytest.approx(4)
