"""Added batch effects are as large as told, and leave alone what they promise to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from infosem import datasets
from infosem.datasets._resampling import log_rate_sd, resample


@pytest.fixture(scope="module")
def plain() -> AnnData:
    """A thousand cells whose values are normal, far from zero, with a third of them missing."""
    rng = np.random.default_rng(0)
    x = rng.normal(6.0, 0.5, (1200, 300)) * (rng.random((1200, 300)) > 0.3)
    adata = AnnData(sparse.csr_matrix(x.astype(np.float32)))
    adata.obs["type"] = np.repeat(["a", "b", "c"], [600, 360, 240])
    return adata


@pytest.fixture(scope="module")
def counted() -> AnnData:
    return datasets.simulate(900, 60, 12, depth=20000)


def of_batches(adata: AnnData) -> list[np.ndarray]:
    x = adata.X.toarray()
    return [
        np.where(block > 0, block, np.nan)
        for block in (x[rows] for rows in adata.obs.groupby("batch", observed=True).indices.values())
    ]


def test_batches_are_even_and_known_by_the_seed(plain):
    first, again, other = (datasets.add_batch_effect(plain, 4, seed=seed) for seed in (0, 0, 1))
    assert first.obs["batch"].value_counts().to_list() == [300] * 4
    assert list(first.obs["batch"].cat.categories) == ["batch0", "batch1", "batch2", "batch3"]
    assert (first.X != again.X).nnz == 0
    assert (first.obs["batch"] == again.obs["batch"]).all()
    assert (first.obs["batch"] != other.obs["batch"]).any()
    assert "batch" not in plain.obs
    assert not plain.varm.keys()


@pytest.mark.parametrize("imbalance", [0.0, 0.7, 1.0])
def test_each_group_has_its_main_batch(plain, imbalance):
    adata = datasets.add_batch_effect(plain, composition_key="type", imbalance=imbalance)
    found = pd.crosstab(adata.obs["type"], adata.obs["batch"]).to_numpy()
    share = np.full((3, 3), (1 - imbalance) / 3) + imbalance * np.eye(3)
    np.testing.assert_allclose(found, share * np.array([[600], [360], [240]]), atol=1)


def test_composition_leaves_the_effects_as_they_are(plain):
    first = datasets.add_batch_effect(plain)
    second = datasets.add_batch_effect(plain, composition_key="type")
    for key in ("batch_shift", "batch_scale"):
        np.testing.assert_array_equal(first.varm[key], second.varm[key])


def test_detected_values_shift_and_scale_as_told(plain):
    adata = datasets.add_batch_effect(plain, location=1.5, scale=0.4, seed=3)
    shift, scale = adata.varm["batch_shift"], adata.varm["batch_scale"]
    assert shift.std() == pytest.approx(1.5 * 0.5, rel=0.1)
    assert np.log(scale).std() == pytest.approx(0.4, rel=0.1)
    before = np.where(plain.X.toarray() > 0, plain.X.toarray(), np.nan)
    for b, x in enumerate(of_batches(adata)):
        # the batch's own cells differ from all cells by their sampling error, some 0.03
        np.testing.assert_allclose(np.nanmean(x, 0) - np.nanmean(before, 0), shift[:, b], atol=0.2)
        np.testing.assert_allclose(np.nanstd(x, 0) / np.nanstd(before, 0), scale[:, b], rtol=0.25)


def test_zeros_stay_and_detected_values_stay_detected():
    plain = datasets.simulate(300, 40, 8)
    adata = datasets.add_batch_effect(plain, location=5.0, scale=2.0)
    assert ((adata.X.toarray() > 0) == (plain.X.toarray() > 0)).all()
    assert np.isfinite(adata.X.data).all()


def test_without_location_and_scale_nothing_changes(plain, counted):
    same = datasets.add_batch_effect(plain, location=0.0, scale=0.0)
    np.testing.assert_allclose(same.X.toarray(), plain.X.toarray(), rtol=1e-6)
    same = datasets.add_batch_effect(counted, location=0.0, scale=0.0)
    assert (same.layers["counts"] != counted.layers["counts"]).nnz == 0
    np.testing.assert_allclose(same.X.toarray(), counted.X.toarray(), rtol=1e-5)


def test_dense_expression_stays_dense(plain):
    dense = plain.copy()
    dense.X = dense.X.toarray()
    adata = datasets.add_batch_effect(dense)
    assert isinstance(adata.X, np.ndarray)
    np.testing.assert_array_equal(adata.X, datasets.add_batch_effect(plain).X.toarray())


def test_resampled_counts_have_the_rates_that_they_promise():
    # a gene that varies between two kinds of cells: means, and variances that are Poisson's
    rng = np.random.default_rng(1)
    rate = np.where(np.arange(40000) % 2, 12.0, 4.0)
    counts = sparse.csr_matrix(rng.poisson(rate)[:, None].astype(float))
    total = np.full(40000, 1000.0)
    group = np.repeat([0, 1], 20000)
    kept, own = np.array([[1.0], [0.5]]), np.array([[0.25], [0.75]])
    drawn, after = resample(counts, total, group, kept=kept, own=own, rng=rng)
    for g in (0, 1):
        for kind, was in ((0, 4.0), (1, 12.0)):
            x = drawn.toarray()[(group == g) & (np.arange(40000) % 2 == kind), 0]
            expected = kept[g, 0] * (own[g, 0] * was + (1 - own[g, 0]) * 8.0)
            assert x.mean() == pytest.approx(expected, rel=0.03)
            assert x.var() == pytest.approx(expected, rel=0.06)
    assert (after - drawn.toarray()[:, 0]).mean() == pytest.approx(0.75 * (1000 - 8), rel=0.01)


def test_variation_beyond_sampling_is_that_of_the_rates():
    rng = np.random.default_rng(2)
    sd = np.repeat([0.0, 0.3, 0.8], 20)
    rate = 5.0 * np.exp(sd * rng.standard_normal((4000, 60)) - sd**2 / 2)
    found = log_rate_sd(sparse.csr_matrix(rng.poisson(rate).astype(float)), np.full(4000, 1e4))
    np.testing.assert_allclose(found[20:], sd[20:], rtol=0.2)
    assert found[:20].mean() < 0.06


def test_counts_shift_by_the_logarithm_of_the_rate(counted):
    adata = datasets.add_batch_effect(counted, 2, scale=0.0, seed=4)
    counts, before = adata.layers["counts"].toarray(), counted.layers["counts"].toarray()
    assert (counts <= before).all()
    assert adata.varm["batch_shift"].max() == 0
    first = (adata.obs["batch"] == "batch0").to_numpy()
    ratio = [np.log(counts[rows].sum(0) / before[rows].sum(0)) for rows in (first, ~first)]
    frequent = before.sum(0) > 3000
    np.testing.assert_allclose(np.transpose(ratio)[frequent], adata.varm["batch_shift"][frequent], atol=0.1)
    # and X is made of the new counts and totals, of which a common part is left
    total = adata.obs["total_counts"].to_numpy()
    np.testing.assert_allclose(adata.X.toarray(), np.log1p(1e4 * counts / total[:, None]), rtol=1e-5)
    left = total / counted.obs["total_counts"].to_numpy()
    assert left[first].mean() == pytest.approx(left[~first].mean(), rel=0.03)


def test_counts_without_totals_are_normalised_by_their_sums(counted):
    alone = counted.copy()
    del alone.obs["total_counts"]
    adata = datasets.add_batch_effect(alone)
    assert "total_counts" not in adata.obs
    np.testing.assert_allclose(np.expm1(adata.X.toarray()).sum(1), 1e4, rtol=1e-4)


def test_without_a_layer_the_values_change_and_the_counts_do_not(counted):
    adata = datasets.add_batch_effect(counted, layer=None)
    assert (adata.layers["counts"] != counted.layers["counts"]).nnz == 0
    assert (adata.X != counted.X).nnz > 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_batches": 1}, ValueError, "n_batches=1 must be a whole number, from 2 to"),
        ({"location": -1}, ValueError, "location=-1 must be"),
        ({"imbalance": 2}, ValueError, "imbalance=2 must be"),
        ({"composition_key": "kind"}, KeyError, "kind"),
        ({"layer": "raw"}, KeyError, "raw"),
        ({"key_added": "type"}, ValueError, "is taken in adata.obs"),
        ({"n_batches": 5, "composition_key": "type", "imbalance": 1.0}, ValueError, "leaves 2 batches without a cell"),
    ],
)
def test_effects_that_cannot_be_added(plain, options, error, message):
    with pytest.raises(error, match=message):
        datasets.add_batch_effect(plain, **options)


def test_values_that_are_no_counts(counted):
    wrong = counted.copy()
    wrong.layers["counts"] = counted.X.copy()
    with pytest.raises(ValueError, match="not counts"):
        datasets.add_batch_effect(wrong)
    low = counted.copy()
    low.obs["total_counts"] = 1
    with pytest.raises(ValueError, match="is below the sum"):
        datasets.add_batch_effect(low)
