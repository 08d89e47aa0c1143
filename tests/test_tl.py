"""Analyses of edge tables, against counting by hand and other libraries."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from infosem import get, tl, train_ensemble

from .conftest import QUIET

EDGES = pd.DataFrame(
    [
        ("A", "x", 0.9, 0.99, 0.01),
        ("A", "y", -0.8, 0.2, 0.04),
        ("B", "A", 0.7, 0.9, 0.02),
        ("A", "z", 0.6, 0.9, 0.3),
        ("B", "x", -0.5, 0.8, 0.5),
        ("C", "y", 0.1, 0.9, 0.03),
    ],
    columns=["source", "target", "weight", "probability", "q_value"],
)


def edge_table(rows):
    return pd.DataFrame(rows, columns=["source", "target", "weight"])


def pairs(edges):
    return list(zip(edges["source"], edges["target"], strict=True))


def random_edges(seed, n_regulators=8, n_targets=30):
    rng = np.random.default_rng(seed)
    names = [f"r{i}" for i in range(n_regulators)] + [f"t{i}" for i in range(n_targets)]
    listed = [(s, t) for s in names[:n_regulators] for t in names if s != t]
    table = pd.DataFrame(listed, columns=["source", "target"]).assign(weight=rng.standard_normal(len(listed)))
    return table.sort_values("weight", key=abs, ascending=False, ignore_index=True)


class TestRegulons:
    def test_largest_regulon_first_and_in_it_the_strongest_edge(self):
        found = tl.regulons(EDGES.sample(frac=1, random_state=1))
        assert pairs(found) == [("A", "x"), ("A", "y"), ("A", "z"), ("B", "A"), ("B", "x"), ("C", "y")]
        assert list(found) == list(EDGES)

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({"top": 1}, [("A", "x"), ("B", "A"), ("C", "y")]),
            ({"min_weight": 0.7}, [("A", "x"), ("A", "y"), ("B", "A")]),
            ({"min_probability": 0.9}, [("A", "x"), ("A", "z"), ("B", "A"), ("C", "y")]),
            ({"max_q_value": 0.04}, [("A", "x"), ("A", "y"), ("B", "A"), ("C", "y")]),
            ({"min_targets": 2, "max_q_value": 0.04}, [("A", "x"), ("A", "y")]),
            ({"min_targets": 4}, []),
            ({"min_weight": 9}, []),
        ],
    )
    def test_thresholds(self, options, expected):
        assert pairs(tl.regulons(EDGES, **options)) == expected

    def test_of_regulons_of_one_size_that_with_the_strongest_edge_comes_first(self):
        swapped = EDGES.assign(weight=EDGES["weight"].where(EDGES["source"] != "C", 5.0))
        assert tl.regulons(swapped, top=1)["source"].tolist() == ["C", "A", "B"]

    def test_errors(self):
        with pytest.raises(ValueError, match="train_ensemble"):
            tl.regulons(EDGES, min_stability=0.5)
        with pytest.raises(ValueError, match=r"max_q_value=5.*share"):
            tl.regulons(EDGES, max_q_value=5)
        with pytest.raises(ValueError, match="top=0"):
            tl.regulons(EDGES, top=0)


class TestHubs:
    def test_degrees_and_strengths(self):
        found = tl.hubs(EDGES)
        assert found.index[0] == "A"
        assert found.loc["A", ["out_degree", "in_degree"]].tolist() == [3, 1]
        assert found.loc["x", ["out_degree", "in_degree"]].tolist() == [0, 2]
        assert found.loc["A", "out_strength"] == pytest.approx(2.3)
        assert found.loc["x", "in_strength"] == pytest.approx(1.4)

    def test_pagerank_solves_its_own_equation(self):
        found = tl.hubs(EDGES, measures=["pagerank"])["pagerank"]
        genes = found.index
        flow = np.zeros((len(genes), len(genes)))
        for source, target, weight in EDGES[["source", "target", "weight"]].itertuples(index=False):
            flow[genes.get_loc(target), genes.get_loc(source)] += abs(weight)
        total = flow.sum(1, keepdims=True)
        step = np.where(total > 0, flow / np.where(total > 0, total, 1), 1 / len(genes))
        expected = 0.85 * found.to_numpy() @ step + 0.15 / len(genes)
        np.testing.assert_allclose(found, expected, atol=1e-5)

    def test_betweenness_is_that_of_igraph(self):
        edges = random_edges(0).head(60)
        graph = get.to_igraph(edges)
        n = graph.vcount()
        expected = pd.Series(graph.betweenness(), graph.vs["name"]) / ((n - 1) * (n - 2))
        found = tl.hubs(edges, measures=["betweenness"])["betweenness"]
        np.testing.assert_allclose(found, expected[found.index], atol=1e-12)

    def test_errors(self):
        with pytest.raises(ValueError, match="closeness.*betweenness"):
            tl.hubs(EDGES, measures=["closeness"])


class TestCompare:
    def test_agreement_counted_by_hand(self):
        first, second = random_edges(1), random_edges(2)
        found = tl.compare({"a": first, "b": second, "c": first}, top=40).set_index(["first", "second"])
        one, two = set(pairs(first.head(40))), set(pairs(second.head(40)))
        row = found.loc[("a", "b")]
        assert row["n_shared"] == len(one & two)
        assert row["jaccard"] == pytest.approx(len(one & two) / len(one | two))
        weights = [dict(zip(pairs(edges), edges["weight"], strict=True)) for edges in (first, second)]
        size = [[abs(table[pair]) for pair in pairs(first)] for table in weights]
        assert row["spearman"] == pytest.approx(stats.spearmanr(*size).statistic)
        agree = [np.sign(weights[0][pair]) == np.sign(weights[1][pair]) for pair in one & two]
        assert row["sign_agreement"] == pytest.approx(np.mean(agree))
        assert found.loc[("a", "c"), ["jaccard", "spearman", "sign_agreement"]].tolist() == pytest.approx([1, 1, 1])

    def test_errors(self):
        with pytest.raises(ValueError, match="mapping"):
            tl.compare([EDGES, EDGES])
        with pytest.raises(ValueError, match=r"1 of 7 rows of networks\['a'\].*A -> x.*drop_duplicates"):
            tl.compare({"a": pd.concat([EDGES, EDGES.head(1)]), "b": EDGES})


class TestDifferentialEdges:
    def test_scale_of_a_network_does_not_count(self):
        edges = random_edges(3)
        found = tl.differential_edges(edges, edges.assign(weight=7 * edges["weight"]))
        np.testing.assert_allclose(found["difference"], 0, atol=1e-12)

    def test_the_edge_that_was_strengthened_comes_first(self):
        edges = random_edges(3)
        changed = edges.copy()
        changed.loc[100, "weight"] *= -8
        first = tl.differential_edges(edges, changed).iloc[0]
        assert (first["source"], first["target"]) == tuple(edges.loc[100, ["source", "target"]])
        mean = [table["weight"].abs().mean() for table in (edges, changed)]
        expected = abs(changed["weight"][100]) / mean[1] - abs(edges["weight"][100]) / mean[0]
        assert first["difference"] == pytest.approx(expected)

    def test_an_edge_that_is_not_listed_has_weight_zero(self):
        found = tl.differential_edges(EDGES, EDGES.drop(index=0)).set_index(["source", "target"])
        assert found.loc[("A", "x"), "weight_second"] == 0
        assert found.loc[("A", "x"), "difference"] == pytest.approx(-0.9 / EDGES["weight"].abs().mean())

    def test_genes_that_one_network_knows_nothing_of_are_left_out(self):
        found = tl.differential_edges(EDGES, EDGES[EDGES["target"] != "z"])
        assert "z" not in set(found["target"])
        # the scale is that of the edges that are left
        np.testing.assert_allclose(found["difference"], 0, atol=1e-12)

    def test_ensembles_have_a_score(self):
        first = EDGES.assign(sd=0.3, effect=2 * EDGES["weight"])
        changed = EDGES["weight"] * [1, 1, 1, 3, 1, 1]
        second = EDGES.assign(weight=changed, sd=0.4, effect=-changed)
        found = tl.differential_edges(first, second).set_index(["source", "target"]).loc[("A", "z")]
        # the spread of the effect, in proportion to the weight
        spread = np.hypot(0.5 * 0.3 / first["weight"].abs().mean(), 0.4 / second["weight"].abs().mean())
        assert found["z"] == pytest.approx(found["difference"] / spread)


class TestEnrichment:
    REFERENCE = pd.DataFrame(
        [(f"r{i}", f"t{j}") for i, j in itertools.product(range(6), range(28)) if (i * 5 + j * 7) % (3 + i) == 0],
        columns=["source", "target"],
    )

    def tables(self, top):
        """By regulator, 2 x 2 counts: chosen or not, in the reference or not."""
        edges = random_edges(4)
        counted = edges[edges["source"].isin(self.REFERENCE["source"]) & edges["target"].isin(self.REFERENCE["target"])]
        known = set(pairs(self.REFERENCE))
        table = {source: np.zeros((2, 2)) for source in counted["source"].unique()}
        for rank, pair in enumerate(pairs(counted)):
            table[pair[0]][int(rank >= top), int(pair not in known)] += 1
        return edges, np.stack(list(table.values()))

    @pytest.mark.parametrize("top", [10, 50])
    def test_pooled_is_fishers_test_and_within_is_mantel_and_haenszels(self, top):
        from statsmodels.stats.contingency_tables import StratifiedTable

        edges, tables = self.tables(top)
        row = tl.enrichment(edges, self.REFERENCE, top=[top]).iloc[0]
        pooled = tables.sum(0)
        assert row["n_shared"] == pooled[0, 0]
        assert row["fold"] == pytest.approx(pooled[0, 0] / (pooled[0].sum() * pooled[:, 0].sum() / pooled.sum()))
        fisher = stats.fisher_exact(pooled, alternative="greater")
        assert row["odds_ratio"] == pytest.approx(fisher.statistic)
        assert row["p_value"] == pytest.approx(fisher.pvalue)
        stratified = StratifiedTable(list(tables.transpose(0, 1, 2))).test_null_odds(correction=False)
        z = (row["n_shared"] - row["expected_within"]) / abs(row["n_shared"] - row["expected_within"])
        two_sided = stratified.pvalue
        assert row["p_value_within"] == pytest.approx(two_sided / 2 if z > 0 else 1 - two_sided / 2)

    @pytest.mark.filterwarnings("error")
    def test_regulators_with_one_pair_or_none(self):
        # pairs are h -> g, h -> x, and x -> g, the only one of x
        edges = edge_table([("h", "g", 3.0), ("x", "g", 2.0), ("h", "x", 1.0)])
        row = tl.enrichment(edges, edge_table([("h", "g", 1), ("x", "g", 1), ("z", "x", 1)]), top=[2]).iloc[0]
        assert row["expected_within"] == 1.5
        assert row["p_value_within"] == pytest.approx(stats.norm.sf((2 - 1.5) / 0.5))
        # g alone is a target: it has no pair itself
        edges = edge_table([("h", "g", 3.0), ("g", "g", 2.0)])
        row = tl.enrichment(edges, edge_table([("h", "g", 1), ("g", "g", 1)]), top=[1]).iloc[0]
        assert row["expected_within"] == 1
        assert np.isnan(row["p_value_within"])

    def test_of_equal_weights_the_first_of_the_table_are_the_strongest(self):
        edges = edge_table([("a", "x", 1.0), ("b", "y", -1.0), ("a", "y", 1.0), ("b", "x", 1.0)])
        reference = edge_table([("a", "x", 1.0), ("b", "y", 1.0)])
        assert tl.enrichment(edges, reference, top=[2])["n_shared"].item() == 2
        assert tl.enrichment(edges[::-1], reference, top=[2])["n_shared"].item() == 0

    def test_knowing_the_hubs_alone_is_no_enrichment_within_them(self):
        rng = np.random.default_rng(0)
        edges = random_edges(5, 20, 200)
        is_hub = edges["source"].isin([f"r{i}" for i in range(5)])
        reference = edges[rng.random(len(edges)) < np.where(is_hub, 0.5, 0.05)]
        row = tl.enrichment(edges.assign(weight=edges["weight"] * np.where(is_hub, 3, 1)), reference, top=[400]).iloc[0]
        assert row["fold"] > 1.5
        assert row["fold_within"] == pytest.approx(1, abs=0.15)

    def test_errors(self):
        with pytest.raises(ValueError, match="None of the"):
            tl.enrichment(EDGES, self.REFERENCE)
        with pytest.raises(ValueError, match="top=9999"):
            tl.enrichment(random_edges(4), self.REFERENCE, top=[10, 9999])


def test_networks_of_ensembles_go_through(cells):
    from infosem import InfoSEM

    InfoSEM.setup_anndata(cells)
    options = {"max_epochs": 2, **QUIET}
    ensemble = train_ensemble(cells, 3, train_kwargs=options, progress=False)
    edges = ensemble.get_edges()
    assert len(tl.regulons(edges, min_stability=0.3)) == (edges["stability"] >= 0.3).sum() > 0
    assert tl.differential_edges(edges, edges)["z"].abs().max() == 0
