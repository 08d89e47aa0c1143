"""SERGIO's cells, the networks that they are drawn from, and what a knock-out does."""

from __future__ import annotations

import sys

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from infosem import datasets
from infosem.datasets._knock_outs import knock_out_shifts
from infosem.datasets._topology import MAX_REGULATORS, part_of, random_topology

NEEDS_SERGIO = "the optional package sergio_rs is not installed"


def known_network(n_regulators: int = 12, n_genes: int = 80) -> pd.DataFrame:
    """Dense and with cycles, as collections of the literature are."""
    rng = np.random.default_rng(0)
    names = np.array([f"R{i}" for i in range(n_regulators)] + [f"g{i}" for i in range(n_genes - n_regulators)])
    source, target = (rng.integers(n, size=600) for n in (n_regulators, n_genes))
    mode = rng.choice(["Activation", "Repression", "Unknown"], 600)
    return pd.DataFrame({"source": names[source], "target": names[target], "mode": mode})


def is_acyclic(edges: pd.DataFrame) -> bool:
    return nx.is_directed_acyclic_graph(nx.from_pandas_edgelist(edges, create_using=nx.DiGraph))


def test_any_number_of_cells() -> None:
    pytest.importorskip("sergio_rs", reason=NEEDS_SERGIO)
    adata = datasets.sergio(20, 30, 6, n_types=6, seed=0)
    assert adata.n_obs == 20
    assert sorted(adata.obs["cell_type"].value_counts()) == [3, 3, 3, 3, 4, 4]


@pytest.mark.parametrize("seed", range(4))
def test_a_random_network_has_no_cycles_and_every_gene_its_edges(seed: int) -> None:
    edges = random_topology(30, 120, np.random.default_rng(seed))
    assert is_acyclic(edges)
    assert not edges.duplicated(["source", "target"]).any()
    assert edges["source"].nunique() == 30
    assert edges["target"].str.startswith("gene").groupby(edges["target"]).all().sum() == 90
    n_regulators = edges["target"].value_counts()
    assert n_regulators.max() <= MAX_REGULATORS
    assert n_regulators.mean() == pytest.approx(2.0, abs=0.3)
    assert (edges["sign"] == -1).mean() == pytest.approx(0.3, abs=0.1)


def test_few_regulators_have_many_targets() -> None:
    n_targets = random_topology(60, 600, np.random.default_rng(0))["source"].value_counts()
    assert n_targets.iloc[:6].sum() > 0.3 * n_targets.sum()


def test_a_part_of_a_known_network_keeps_its_edges_and_signs() -> None:
    known = known_network()
    edges = part_of(known, 8, 40, np.random.default_rng(1))
    assert is_acyclic(edges)
    assert set(edges["source"]) <= {f"R{i}" for i in range(12)}
    assert edges["source"].nunique() <= 8
    assert len(set(edges["source"]) | set(edges["target"])) <= 40
    assert edges["target"].value_counts().max() <= MAX_REGULATORS
    first = known.drop_duplicates(["source", "target"]).set_index(["source", "target"])["mode"]
    modes = first.loc[list(zip(edges["source"], edges["target"], strict=True))].to_numpy()
    assert (edges["sign"].to_numpy()[modes == "Activation"] == 1).all()
    assert (edges["sign"].to_numpy()[modes == "Repression"] == -1).all()
    assert set(edges["sign"].to_numpy()[modes == "Unknown"]) == {-1, 1}


def test_signs_are_read_from_numbers_too() -> None:
    known = known_network().drop(columns="mode").assign(weight=-2.5)
    assert (part_of(known, 8, 40, np.random.default_rng(1))["sign"] == -1).all()
    unsigned = known.drop(columns="weight")
    assert set(part_of(unsigned, 8, 40, np.random.default_rng(1))["sign"]) == {-1, 1}


def test_a_table_that_is_too_small_says_how_many_there_are() -> None:
    with pytest.raises(ValueError, match="n_regulators=12"):
        part_of(known_network(), 50, 80, np.random.default_rng(0))
    with pytest.raises(ValueError, match="lacks the columns"):
        part_of(known_network().rename(columns={"source": "tf"}), 5, 20, np.random.default_rng(0))


def chain() -> pd.DataFrame:
    """A activates B, B represses C; D has no edge with them."""
    strength = pd.DataFrame(np.zeros((4, 4)), index=list("ABCD"), columns=list("ABCD"))
    strength.loc["A", "B"], strength.loc["B", "C"] = 3.0, -2.0
    return strength


def test_knock_outs_of_a_chain_by_hand() -> None:
    # x_A = 2 = h_A, so B = 3 / 2 = h_B, so C = 2 / 2
    shifts = knock_out_shifts(chain(), np.array([[2.0, 0, 0, 5.0]]), 1.0, ["A", "B"])
    np.testing.assert_allclose(shifts.loc["A"], [-1, -1, 1, 0])  # C is freed of its repressor
    np.testing.assert_allclose(shifts.loc["B"], [0, -1, 1, 0])


def test_knock_outs_are_where_the_equations_come_to_rest() -> None:
    strength, decay = chain(), 0.8
    strength.loc["A", "C"] = 1.5
    production = np.array([[0.5, 0, 0, 1.0], [4.0, 0, 0, 2.0]])

    def rest(half: np.ndarray, out: int | None) -> np.ndarray:
        x = np.ones((2, 4))
        for _ in range(4000):
            rate = production.copy()
            for i, j, k in ((0, 1, 3.0), (1, 2, -2.0), (0, 2, 1.5)):
                hill = x[:, i] ** 2 / (half[i] ** 2 + x[:, i] ** 2)
                rate[:, j] += abs(k) * (hill if k > 0 else 1 - hill)
            x = x + 0.01 * (rate - decay * x)
            if out is not None:
                x[:, out] = 0
        return x

    half = np.ones(4)
    for _ in range(3):  # layer by layer
        half = rest(half, None).mean(0)
    expected = rest(half, 0).sum(0) / rest(half, None).sum(0) - 1
    np.testing.assert_allclose(knock_out_shifts(strength, production, decay, ["A"]).loc["A"], expected, atol=1e-6)


def test_cells_and_their_truth() -> None:
    pytest.importorskip("sergio_rs", reason=NEEDS_SERGIO)
    adata = datasets.sergio(300, 60, 12, n_types=3, depth=5000, knock_outs="all", seed=1)
    assert adata.shape == (300, 60)
    truth = adata.varp["truth"].toarray()
    assert adata.var["is_regulator"].to_numpy()[:12].all()
    np.testing.assert_array_equal(adata.var["is_regulator"], (truth != 0).any(1))
    assert ((np.abs(truth) >= 1) & (np.abs(truth) <= 5))[truth != 0].all()
    assert adata.obs["cell_type"].value_counts().tolist() == [100, 100, 100]
    counts, total = adata.layers["counts"].toarray(), adata.obs["total_counts"].to_numpy()
    assert np.median(total) == pytest.approx(5000, rel=0.15)
    np.testing.assert_allclose(adata.X.toarray(), np.log1p(counts / total[:, None] * 1e4), rtol=1e-5)
    shifts = adata.uns["knock_outs"].to_numpy()
    assert list(adata.uns["knock_outs"].columns) == list(adata.var_names)
    np.testing.assert_allclose(shifts[np.arange(12), np.arange(12)], -1)
    reached = nx.transitive_closure(nx.from_numpy_array(truth, create_using=nx.DiGraph))
    unreached = [(i, j) for i in range(12) for j in range(60) if i != j and not reached.has_edge(i, j)]
    np.testing.assert_allclose([shifts[pair] for pair in unreached], 0, atol=1e-12)


def test_one_seed_gives_one_set_of_cells() -> None:
    pytest.importorskip("sergio_rs", reason=NEEDS_SERGIO)
    first, again, with_knock_outs, other = (
        datasets.sergio(60, 30, 6, n_types=2, seed=seed, knock_outs=knock_outs)
        for seed, knock_outs in ((1, ()), (1, ()), (1, ["TF0"]), (2, ()))
    )
    for same in (again, with_knock_outs):
        np.testing.assert_array_equal(first.layers["counts"].toarray(), same.layers["counts"].toarray())
        np.testing.assert_array_equal(first.varp["truth"].toarray(), same.varp["truth"].toarray())
    assert (first.X != other.X).nnz > 0
    assert list(with_knock_outs.uns["knock_outs"].index) == ["TF0"]


def test_targets_follow_their_regulators_over_the_types() -> None:
    pytest.importorskip("sergio_rs", reason=NEEDS_SERGIO)
    adata = datasets.sergio(1200, 60, 10, n_types=6, depth=50000, seed=3)
    truth = adata.varp["truth"].toarray()
    of_types = pd.DataFrame(adata.X.toarray()).groupby(adata.obs["cell_type"].to_numpy()).mean().to_numpy()
    single = np.flatnonzero((truth != 0).sum(0) == 1)
    agree = [
        np.corrcoef(of_types[:, i], of_types[:, j])[0, 1] * np.sign(truth[i, j])
        for j in single
        for i in np.flatnonzero(truth[:, j])
    ]
    assert np.mean(agree) > 0.8


def test_the_level_of_a_gene_does_not_tell_its_edges() -> None:
    pytest.importorskip("sergio_rs", reason=NEEDS_SERGIO)
    adata = datasets.sergio(200, 600, 60, n_types=2, seed=4)
    n_regulators = (adata.varp["truth"].toarray() != 0).sum(0)
    assert abs(np.corrcoef(adata.X.toarray().mean(0), n_regulators)[0, 1]) < 0.12


def test_a_part_of_a_known_network_is_simulated_under_its_own_names() -> None:
    pytest.importorskip("sergio_rs", reason=NEEDS_SERGIO)
    adata = datasets.sergio(40, 40, 8, n_types=2, edges=known_network(), seed=5)
    assert set(adata.var_names[adata.var["is_regulator"]]) <= {f"R{i}" for i in range(12)}
    assert adata.n_vars <= 40


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sergio_rs", None)
    with pytest.raises(ImportError, match=r'pip install "infosem\[sergio\]"'):
        datasets.sergio(12, 20, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_regulators": 20, "n_genes": 20}, "n_regulators=20"),
        ({"n_cells": 3}, "n_types=6"),
        ({"depth": -1.0}, "depth=-1.0"),
        ({"dropout": 2.0}, "dropout=2.0"),
        ({"knock_outs": "TF1"}, r"\['TF1'\], or \"all\""),
        ({"knock_outs": ["gene3"]}, "'gene3', which has no target"),
    ],
)
def test_bad_input(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        datasets.sergio(**{"n_cells": 12, "n_genes": 20, "n_regulators": 4, **options})
