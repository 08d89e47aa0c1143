"""Groups of simulated cells share what they promise to share, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from infosem import datasets

SIMULATED = [
    ({}, [48093.1889, 16.8087, -108, -243.8337, 0]),
    ({"depth": 800.0, "dropout": 0.3, "embedding_missing": 0.2, "seed": 5}, [17266.2781, 26.0323, -75, -8.2818, 9730]),
]
"""Arguments, and sums of what they gave before several networks could be simulated."""

GROUPS = {"A": 60, "B": 200, "C": 400}


def networks(adata: AnnData) -> dict[str, np.ndarray]:
    return {key: adata.varp[key].toarray() for key in adata.varp if key.startswith("truth")}


@pytest.fixture(scope="module")
def adata() -> AnnData:
    return datasets.simulate_groups(GROUPS, 120, 25, shared=0.75, density=0.1)


@pytest.mark.parametrize(("options", "expected"), SIMULATED)
def test_cells_of_one_network_are_what_they_were(options, expected):
    adata = datasets.simulate(**options)
    parts = [adata.X, adata.varp["truth"], adata.varp["known_interactions"]]
    sums = [part.sum(dtype=np.float64) for part in parts]
    sums += [np.nansum(adata.varm["gene_embedding"], dtype=np.float64)]
    sums += [adata.layers["counts"].sum() if "counts" in adata.layers else 0]
    np.testing.assert_allclose(sums, expected, rtol=1e-5)


def test_one_seed_gives_one_data_set(adata):
    again = datasets.simulate_groups(GROUPS, 120, 25, shared=0.75, density=0.1)
    other = datasets.simulate_groups(GROUPS, 120, 25, shared=0.75, density=0.1, seed=1)
    assert (adata.X != again.X).nnz == 0
    assert all((adata.varp[key] != again.varp[key]).nnz == 0 for key in adata.varp)
    assert (adata.X != other.X).nnz > 0


def test_groups_have_their_cells_in_order(adata):
    assert adata.shape == (660, 120)
    assert list(adata.obs["group"].cat.categories) == list(GROUPS)
    assert adata.obs["group"].value_counts().to_dict() == GROUPS
    assert (adata.obs["group"].cat.codes.diff().dropna() >= 0).all()


def test_networks_share_that_part_of_their_edges(adata):
    found = networks(adata)
    shared = found.pop("truth")
    assert set(found) == {"truth:A", "truth:B", "truth:C"}
    for network in found.values():
        n_edges = np.count_nonzero(network)
        assert np.count_nonzero(shared) == pytest.approx(0.75 * n_edges, abs=1)
        assert n_edges == pytest.approx(0.1 * 25 * 119, rel=0.2)
        np.testing.assert_array_equal(network[shared != 0], shared[shared != 0])
        assert not network[25:].any()
        assert not np.diag(network).any()
        assert np.abs(np.linalg.eigvals(network)).max() <= 0.6 + 1e-9
    n_networks = np.sum([network != 0 for network in found.values()], axis=0)
    assert set(n_networks[n_networks > 0]) == {1, 3}


def test_own_edges_are_like_shared_ones():
    adata = datasets.simulate_groups(GROUPS, 400, 100, shared=0.5, density=0.1, spectral_radius=0.99, effect=0.1)
    found = networks(adata)
    shared = found.pop("truth")
    is_shared = shared != 0
    degrees = [is_shared.sum(1)[:100]]
    for network in found.values():
        own = (network != 0) & ~is_shared
        assert np.abs(network[own]).mean() == pytest.approx(np.abs(shared[is_shared]).mean(), rel=0.05)
        assert (network[own] < 0).mean() == pytest.approx((shared[is_shared] < 0).mean(), abs=0.06)
        degrees.append(own.sum(1)[:100])
    # regulators with many shared edges have many of their own
    assert np.corrcoef(degrees)[0, 1:].min() > 0.8


@pytest.mark.parametrize("shared", [0.0, 1.0])
def test_nothing_or_everything_is_shared(shared):
    found = networks(datasets.simulate_groups(GROUPS, 40, 10, shared=shared))
    common = found.pop("truth") != 0
    first, second, third = ((network != 0) for network in found.values())
    if shared == 1:
        assert common.any()
        assert (first == common).all()
        assert (first == third).all()
    else:
        assert not common.any()
        assert first.any()
        assert not ((first & second) | (second & third)).any()


def test_means_differ_as_far_as_asked_for():
    options = {"dropout": 0.0, "effect": 0.3, "seed": 2}
    sizes = {"A": 1500, "B": 1500}
    same, shifted = (datasets.simulate_groups(sizes, 300, 20, mean_shift=m, **options) for m in (0.0, 0.5))
    ratio = []
    for adata in (same, shifted):
        x, group = adata.X.toarray(), adata.obs["group"].to_numpy()
        first, second = x[group == "A"], x[group == "B"]
        ratio.append((first.mean(0) - second.mean(0)) / np.sqrt((first.var(0) + second.var(0)) / 2))
    assert np.std(ratio[0]) < 0.06
    assert np.std(ratio[1]) == pytest.approx(0.5 * np.sqrt(2), rel=0.15)
    assert (same.varp["truth:B"] != shifted.varp["truth:B"]).nnz == 0


def test_a_regulator_moves_its_targets_in_its_group_alone():
    adata = datasets.simulate_groups({"A": 1500, "B": 1500}, 60, 12, shared=0.5, dropout=0.0, repression=0.5)
    found, x, group = networks(adata), adata.X.toarray(), adata.obs["group"].to_numpy()
    correlation = {name: np.corrcoef(x[group == name], rowvar=False) for name in ("A", "B")}
    own = (found["truth:A"] != 0) & (found["truth:B"] == 0)
    sign = np.sign(found["truth:A"][own])
    assert (sign * correlation["A"][own]).mean() > 3 * abs((sign * correlation["B"][own]).mean())


def test_counts_of_groups():
    adata = datasets.simulate_groups(GROUPS, 40, 10, depth=5000, mean_shift=1.0)
    counts, total = adata.layers["counts"].toarray(), adata.obs["total_counts"].to_numpy()
    assert (counts == counts.round()).all()
    assert np.median(total) == pytest.approx(5000, rel=0.1)
    np.testing.assert_allclose(adata.X.toarray(), np.log1p(counts / total[:, None] * 1e4), rtol=1e-5)
    assert (adata.varp["truth"] != datasets.simulate_groups(GROUPS, 40, 10).varp["truth"]).nnz == 0


def test_known_interactions_are_those_of_any_group(adata):
    known = adata.varp["known_interactions"].tocoo()
    anywhere = np.any([network != 0 for network in networks(adata).values()], axis=0)
    assert known.nnz > 100
    assert (anywhere[known.row, known.col] == (known.data == 1)).all()


def test_names_that_a_file_cannot_hold(tmp_path):
    adata = datasets.simulate_groups({"CD4/CD8": 20, "B": 20}, 20, 5)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    assert "truth:CD4%2FCD8" in adata.varp


@pytest.mark.parametrize(
    ("sizes", "options", "error", "message"),
    [
        ({"A": 10}, {}, ValueError, "two groups or more"),
        ({"A": 10, "B": 1}, {}, ValueError, r"n_cells\['B'\]=1 must be a whole number, 2 or more"),
        ({1: 10, 2: 10}, {}, TypeError, "must map names of groups"),
        (100, {}, TypeError, "must map names of groups"),
        (GROUPS, {"shared": 1.2}, ValueError, "shared=1.2 must be a number"),
        (GROUPS, {"mean_shift": -1}, ValueError, "mean_shift=-1 must be"),
        (GROUPS, {"shared": 0.0, "density": 0.5}, ValueError, "must be 0.333 or less"),
    ],
)
def test_groups_that_cannot_be_simulated(sizes, options, error, message):
    with pytest.raises(error, match=message):
        datasets.simulate_groups(sizes, **options)
