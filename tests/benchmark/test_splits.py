"""Splits: what may be where, and that no label of an unseen gene reaches a method."""

from __future__ import annotations

import logging

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from infosem.benchmark import Truth, read_truth, split_per_regulator, split_unseen_genes
from infosem.benchmark._splits import TRAIN, UNSEEN_GENES, UNSEEN_INTERACTIONS, UNSEEN_REGULATORS_AS_TARGETS


def make_truth(n_genes: int, n_regulators: int, density: float, seed: int) -> Truth:
    rng = np.random.default_rng(seed)
    edges = rng.random((n_genes, n_genes)) < density
    edges[n_regulators:] = False
    np.fill_diagonal(edges, False)
    edges[0, n_regulators] = edges[1, n_regulators + 1] = True
    names = np.array([f"gene{i}" for i in rng.permutation(n_genes)])
    return Truth(names, np.arange(n_genes) < n_regulators, sparse.csr_array(edges))


truths = st.builds(
    make_truth,
    n_genes=st.integers(12, 40),
    n_regulators=st.integers(3, 10),
    density=st.floats(0.02, 0.6),
    seed=st.integers(0, 10_000),
)


@settings(max_examples=60, deadline=None)
@given(truth=truths, seed=st.integers(0, 1000))
def test_unseen_genes_are_in_no_training_pair_in_either_role(truth: Truth, seed: int) -> None:
    split = split_unseen_genes(truth, seed)
    seen = split.training_labels
    touched = set(seen.source) | set(seen.target)
    held_out = split.block("unseen_genes_all_targets")
    assert touched.isdisjoint(held_out.source)
    assert touched.isdisjoint(held_out.target)


@settings(max_examples=60, deadline=None)
@given(truth=truths, seed=st.integers(0, 1000), kind=st.sampled_from([split_unseen_genes, split_per_regulator]))
def test_every_pair_is_in_one_part_with_its_label(truth: Truth, seed: int, kind: object) -> None:
    split = kind(truth, seed)
    pairs = np.stack([split.source, split.target])
    assert len(np.unique(pairs, axis=1).T) == len(pairs.T)
    assert (split.source != split.target).all()
    np.testing.assert_array_equal(split.is_edge, truth.edges.toarray()[split.source, split.target])


@settings(max_examples=40, deadline=None)
@given(truth=truths, seed=st.integers(0, 1000))
def test_the_unseen_block_is_regulators_by_other_targets_with_an_edge(truth: Truth, seed: int) -> None:
    split = split_unseen_genes(truth, seed)
    block = split.block("unseen_genes")
    assert not truth.is_regulator[block.target].any()
    assert truth.is_regulator[block.source].all()
    as_targets = split.target[split.part == UNSEEN_REGULATORS_AS_TARGETS]
    assert truth.is_regulator[as_targets].all()
    for part in (UNSEEN_GENES, UNSEEN_REGULATORS_AS_TARGETS):
        rows = split.part == part
        assert set(split.target[rows]) == set(split.target[rows & split.is_edge])


def test_a_quarter_of_the_genes_and_of_the_interactions_is_held_out() -> None:
    truth = make_truth(200, 40, 0.7, seed=0)
    split = split_unseen_genes(truth, 0)
    train, held_out = (int((split.part == part).sum()) for part in (TRAIN, UNSEEN_INTERACTIONS))
    assert held_out / (train + held_out) == pytest.approx(0.25, abs=0.01)
    assert len(np.unique(split.block("unseen_genes").source)) == 10
    assert len(np.unique(split.block("unseen_genes").target)) == 40
    # 30 seen regulators x 150 seen targets, without 30 self-pairs
    assert train + held_out == 30 * 150 - 30


def test_genelinks_split_keeps_the_shares_within_every_regulator() -> None:
    truth = make_truth(120, 5, 0.4, seed=1)
    split = split_per_regulator(truth, 0)
    for regulator in truth.regulators:
        for label in (True, False):
            parts = split.part[(split.source == regulator) & (split.is_edge == label)]
            n = len(parts)
            assert abs((parts == TRAIN).sum() - 0.67 * n) <= 1
            assert abs((parts == "validation").sum() - 0.10 * n) <= 1


def test_shares_of_few_pairs_are_right_on_average() -> None:
    # one edge per regulator: a quarter of them must be held out, over many seeds
    edges = np.eye(8, 30, k=8, dtype=bool)
    truth = Truth(np.arange(30).astype(str), np.arange(30) < 8, sparse.csr_array(np.pad(edges, ((0, 22), (0, 0)))))
    parts = [split_per_regulator(truth, seed) for seed in range(200)]
    held_out = np.mean([(s.part[s.is_edge] == UNSEEN_INTERACTIONS).mean() for s in parts])
    assert held_out == pytest.approx(0.23, abs=0.04)


def test_same_seed_same_checksum_other_seed_another() -> None:
    truth = make_truth(40, 8, 0.3, seed=0)
    first = split_unseen_genes(truth, 3)
    assert split_unseen_genes(truth, 3).checksum == first.checksum
    assert split_unseen_genes(truth, 4).checksum != first.checksum
    table = first.table()
    assert list(table.columns) == ["source", "target", "label", "part"]
    assert len(table) == len(first.source)


def test_a_split_stays_the_same_for_ever() -> None:
    # others rerun splits by seed: a change of numpy or of this package must not change them silently
    edges = np.zeros((6, 6), dtype=bool)
    edges[0, 3], edges[1, 4], edges[2, 5] = True, True, True
    truth = Truth(np.array(list("abcdef")), np.arange(6) < 3, sparse.csr_array(edges))
    split = split_unseen_genes(truth, 0)
    assert split.checksum == "0487c62b1ee36d3d5152fb7c2006525d0d4c4b3e5454bc21841c83a3a1f384a1"


def small(**varp: object) -> AnnData:
    adata = ad.AnnData(np.ones((3, 4)), var=pd.DataFrame({"is_tf": [True, True, False, False]}, index=list("abcd")))
    for key, value in varp.items():
        adata.varp[key] = np.asarray(value, dtype=float)
    return adata


NO_EDGE = np.zeros((4, 4))
ONE_EDGE = np.pad([[0, 0, 1, 0]], ((0, 3), (0, 0)))


def test_a_truth_without_edges_says_so() -> None:
    with pytest.raises(ValueError, match="no edge from a regulator to another gene"):
        read_truth(small(chip=NO_EDGE), "chip")
    with pytest.raises(ValueError, match="no edge from a regulator to another gene"):
        read_truth(small(chip=np.eye(4)), "chip")


def test_a_prior_is_no_truth() -> None:
    with pytest.raises(ValueError, match="negative or missing values"):
        read_truth(small(chip=ONE_EDGE * -1.0), "chip")
    with pytest.raises(ValueError, match="negative or missing values"):
        read_truth(small(chip=np.where(ONE_EDGE, 1.0, np.nan)), "chip")


def test_genes_of_the_truth_that_are_not_in_the_data_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    edges = pd.DataFrame({"source": ["a", "a", "x"], "target": ["c", "y", "c"]})
    with caplog.at_level(logging.WARNING, "infosem"):
        truth = read_truth(small(), edges)
    assert "1 of 3 pairs" in caplog.text
    assert truth.edges.sum() == 1


def test_edges_from_genes_that_are_no_regulators_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    edges = pd.DataFrame({"source": ["a", "c"], "target": ["c", "d"]})
    with caplog.at_level(logging.WARNING, "infosem"):
        truth = read_truth(small(), edges, regulator_key="is_tf")
    assert "1 of 2 edges" in caplog.text
    np.testing.assert_array_equal(truth.regulators, [0])


def test_one_regulator_cannot_be_held_out() -> None:
    with pytest.raises(ValueError, match="1 regulators have known targets"):
        split_unseen_genes(read_truth(small(chip=ONE_EDGE), "chip"), 0)


def test_a_missing_key_lists_those_there_are() -> None:
    with pytest.raises(KeyError, match="chip"):
        read_truth(small(chip=ONE_EDGE), "string")
    with pytest.raises(ValueError, match="source"):
        read_truth(small(), pd.DataFrame({"tf": ["a"]}))
