"""Evidence for an edge: each part from its formula, and that the parts add up."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from infosem import InfoSEM, datasets
from infosem.scores import Association, DirectEffect, EdgeData, EdgeFacts, KnownInteractions, RegulatorLevel
from infosem.scores._completed_text import completed_text
from infosem.scores._known_interactions import worth_beside
from infosem.scores._text_similarity import _permutations, text_evidence
from infosem.statistics._direct_share import direct_share
from infosem.statistics._surprisal import against_background, surprisal

from .conftest import KNOWLEDGE, QUIET


def fit(cells, knows="nothing", **options):
    InfoSEM.setup_anndata(cells, **KNOWLEDGE[knows])
    model = InfoSEM(cells, **options)
    model.train(**QUIET)
    return model


def edge_data(adjacency, possible=None, **facts):
    """What an evidence term reads, of an adjacency and of what the test is about."""
    n_regulators, n_genes = adjacency.shape
    return EdgeData(
        adjacency=adjacency,
        possible=np.ones(adjacency.shape, dtype=bool) if possible is None else possible,
        regulators=np.arange(n_regulators),
        gene_names=[f"gene{i}" for i in range(n_genes)],
        facts=EdgeFacts(signs=np.zeros(adjacency.shape, np.int8), profiles=np.zeros((n_genes, 1)), **facts),
    )


@cache
def model_of(knows="nothing", seed=0):
    """A model of the cells of the fixture ``cells``, which nobody changes."""
    return fit(datasets.simulate(120, 24, 6, seed=0), knows, seed=seed)


def test_surprisal_is_minus_the_log_of_the_share_that_has_as_much():
    statistic = np.array([[3.0, 1.0, 2.0], [9.0, 5.0, 4.0]])
    possible = np.array([[True, True, True], [False, True, True]])
    found = surprisal(statistic, possible)
    values = statistic[possible]
    expected = [-np.log((values >= value).mean()) for value in values]
    np.testing.assert_allclose(found[possible], expected, rtol=1e-6)
    assert found[1, 0] == 0


def test_background_is_context_likelihood_of_relatedness():
    rng = np.random.default_rng(0)
    correlation = rng.uniform(-1, 1, (9, 9))
    correlation = (correlation + correlation.T) / 2
    regulators, reference = np.array([0, 2, 3, 7]), np.array([0, 3, 6])
    found = against_background(correlation[regulators], regulators, correlation[reference], reference)
    size = np.abs(correlation)
    for row, i in enumerate(regulators):
        for j in range(9):
            if j == i:
                assert found[row, j] == 0
                continue
            background = np.delete(size[i], i), np.array([size[k, j] for k in reference if k != j])
            z = [max(0, (size[i, j] - part.mean()) / part.std()) for part in background]
            assert found[row, j] == pytest.approx(np.hypot(*z), rel=1e-6)


def test_parts_of_the_expression():
    rng = np.random.default_rng(0)
    adjacency, association = rng.standard_normal((3, 5)), rng.exponential(size=(3, 5))
    possible = np.ones((3, 5), dtype=bool)
    possible[0, 0] = False
    adjacency[0, 0] = 0
    edges = edge_data(adjacency, possible, association=association, direct_share=0.3)
    np.testing.assert_allclose(Association().log_score(edges), 0.7 * association, rtol=1e-6)
    np.testing.assert_allclose(DirectEffect().log_score(edges), 0.3 * surprisal(np.abs(adjacency), possible), rtol=1e-6)
    assert RegulatorLevel().log_score(edges)[0, 0] == 0


def test_levels_count_as_far_as_they_differ_by_more_than_chance():
    rng = np.random.default_rng(0)
    true = np.log(rng.uniform(0.2, 3, 40))
    alike = rng.exponential(size=(40, 400))
    for spread, least, most in ((0.0, 0.0, 0.2), (1.0, 0.75, 1.05)):
        size = np.exp(spread * true)[:, None] * alike
        level = RegulatorLevel().log_score(edge_data(size, direct_share=1.0))[:, 0]
        total = np.log(size.sum(1))
        slope = np.polyfit(total - total.mean(), level, 1)[0]
        assert least <= slope <= most
    assert not RegulatorLevel().log_score(edge_data(np.zeros((3, 4)), direct_share=1.0)).any()


def test_direct_effects_count_as_far_as_regulators_can_be_told_apart():
    shares = [direct_share(n_observations, 100) for n_observations in (3, 40, 100, 1e6)]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.8 * 3 / 43)
    assert shares[1] == pytest.approx(0.4)
    assert shares[-1] == pytest.approx(0.8, rel=1e-3)


NAMES = [f"gene{i}" for i in range(200)]


def texts_and_evidence(rng, n_regulators=40, n_genes=200):
    """Two-dimensional texts and profiles that have nothing to do with them."""
    text = torch.as_tensor(rng.standard_normal((n_genes, 2)))
    profiles = torch.as_tensor(rng.standard_normal((n_genes, 2)))
    possible = np.ones((n_regulators, n_genes), dtype=bool)
    return text, profiles, torch.arange(n_regulators), possible


def test_text_counts_as_far_as_it_agrees_with_the_expression_beyond_chance():
    rng = np.random.default_rng(0)
    text, profiles, regulators, possible = texts_and_evidence(rng)
    completed = completed_text(text, profiles)
    likeness = (completed[regulators] @ completed.T).numpy()
    noise = rng.exponential(size=likeness.shape)
    found = {}
    for strength in (0.0, 3.0, 30.0):
        expression = noise + strength * likeness
        expression = expression - expression.mean(1, keepdims=True) - expression.mean(0) + 2
        found[strength] = text_evidence(text, profiles, regulators, expression, possible, NAMES).mean()
    assert found[0.0] == 0
    assert 0.3 < found[3.0] < found[30.0] < 1.5


def test_one_gene_more_changes_the_permuted_text_of_one_gene():
    fewer = NAMES[:90] + NAMES[91:]
    for before, after in zip(_permutations(fewer), _permutations(NAMES), strict=True):
        assert sorted(after) == list(range(200))
        assert (after != np.arange(200)).all()
        given = dict(zip(fewer, np.array(fewer)[before], strict=True))
        now = dict(zip(NAMES, np.array(NAMES)[after], strict=True))
        assert sum(given[name] != now[name] for name in fewer) == 1
    first, second, *_ = _permutations(NAMES)
    assert (first == second).mean() < 0.1


def test_genes_of_like_texts_have_like_levels():
    rng = np.random.default_rng(0)
    text, profiles, regulators, possible = texts_and_evidence(rng, 60)
    level_of_regulators, level_of_genes = text[:60, 0].numpy(), 0.5 * text[:, 1].numpy()
    expression = level_of_regulators[:, None] + level_of_genes + rng.exponential(size=(60, 200))
    unlike = torch.zeros(200, 2, dtype=text.dtype)
    found = text_evidence(text, profiles, regulators, expression, possible, NAMES)
    assert np.corrcoef(found.mean(1), level_of_regulators)[0, 1] > 0.95
    assert np.corrcoef(found.mean(0), level_of_genes)[0, 1] > 0.9
    shuffled = text_evidence(
        text[torch.as_tensor(rng.permutation(200))], profiles, regulators, expression, possible, NAMES
    )
    assert shuffled.std() < 0.1 * found.std()
    assert text_evidence(unlike, profiles, regulators, expression, possible, NAMES).std() == 0


def test_labels_tell_what_the_rest_is_worth():
    rng = np.random.default_rng(0)
    evidence = rng.exponential(size=(30, 60))
    pairs = np.stack(np.unravel_index(rng.permutation(1800)[:900], (30, 60)))
    informative = rng.random(900) < 1 / (1 + np.exp(2 - 0.8 * evidence[pairs[0], pairs[1]]))
    values = evidence[pairs[0], pairs[1]]
    slope = LogisticRegression(C=1e6).fit(values[:, None], informative).coef_[0, 0]
    assert worth_beside(evidence, pairs, informative) == pytest.approx(slope / 2, rel=0.02)
    assert worth_beside(evidence, pairs, rng.random(900) < 0.2) < 0.15
    assert worth_beside(evidence, pairs, np.ones(900, dtype=bool)) == 1


def test_interactions_of_both_kinds_and_of_one():
    def log_score(probability, is_edge):
        odds = logit(np.array([probability])).astype(np.float32)
        labels = {"pairs": np.array([[0, 0], [0, 1]]), "is_edge": np.array(is_edge)}
        return KnownInteractions().log_score(edge_data(np.zeros((1, 3)), logits=odds, **labels))

    both = log_score([0.95, 0.05, 0.2], [True, False])
    np.testing.assert_allclose(both, np.log([[0.95 / 0.5, 0.05 / 0.5, 0.2 / 0.5]]), rtol=1e-6)
    one = log_score([0.95, 0.95, 0.5], [True, True])
    np.testing.assert_allclose(one, np.log([[19, 19, 1]]), rtol=1e-6)


@pytest.mark.parametrize("knows", KNOWLEDGE)
def test_parts_add_up_to_the_strength(knows):
    model = model_of(knows)
    strength, parts = model.get_strength(), model.get_evidence()
    expected = {"association", "direct", "level"}
    expected |= {"text"} if "text" in knows else set()
    expected |= {"interactions"} if "interactions" in knows else set()
    assert set(parts) == expected
    there = strength.to_numpy() > 0
    assert there.sum() > there.size - len(there) - 1
    total = sum(parts.values()).to_numpy()[there]
    np.testing.assert_allclose(strength.to_numpy()[there], np.log1p(np.exp(total)), rtol=1e-4)
    edges = model.get_edges()
    total = edges[list(parts)].sum(axis=1)
    np.testing.assert_allclose(np.expm1(edges["weight"].abs()), np.exp(total), rtol=1e-3)


def test_by_regulator_ranks_within_each():
    model = model_of()
    edges = model.get_edges(by="regulator", top=3)
    assert (edges.groupby("source").size() == 3).all()
    strength = model.get_strength()
    for source, own in edges.groupby("source"):
        assert own["rank"].tolist() == [1, 2, 3]
        assert own["target"].tolist() == strength.loc[source].nlargest(3).index.tolist()
    with pytest.raises(ValueError, match="by='target'"):
        model.get_edges(by="target")


def test_a_correlation_within_noise_has_no_sign(cells):
    model = model_of()
    assert model.module.likelihood.mask_zeros
    edges = model.get_edges()
    x = cells.to_df()
    # zeros do not count: at the mean of what does
    z = (x - x[x != 0].mean()).where(x != 0, 0.0)
    z = z / np.sqrt((z**2).mean())
    r = np.array([(z[s] * z[t]).mean() for s, t in zip(edges["source"], edges["target"], strict=True)])
    beyond = np.abs(r) * np.sqrt(len(x)) > 1.96
    assert beyond.any()
    assert not beyond.all()
    assert (edges["sign"] == np.where(beyond, np.sign(r), 0)).mean() > 0.995


def test_signs_of_a_network_whose_values_are_lost_at_random_are_found():
    cells = datasets.simulate(500, 150, 30, seed=0)
    edges = fit(cells).get_edges(top=150)
    truth = cells.varp["truth"].toarray()
    at = cells.var_names.get_indexer
    true = truth[at(edges["source"]), at(edges["target"])]
    assert (edges["sign"] == np.sign(true))[true != 0].mean() > 0.9


def independent_genes(n):
    cells = datasets.simulate(n, 150, 30, density=0.0, seed=0)
    cells.X = np.log1p(np.random.default_rng(0).poisson(3, size=cells.shape)).astype(np.float32)
    return cells


@pytest.mark.parametrize(
    ("cells", "says_so"),
    [
        (independent_genes(300), True),
        (independent_genes(3000), True),
        (datasets.simulate(8, 150, 30, seed=0), True),
        (datasets.simulate(100, 150, 30, seed=0), False),
    ],
)
def test_cells_that_tell_nothing_say_so(cells, says_so, caplog):
    with caplog.at_level("WARNING"):
        model = fit(cells)
    assert ("next to nothing of the network" in caplog.text) == says_so
    model.write_network()
    assert (model.adata.uns["infosem"]["agreement"] < 0.5) == says_so


def test_independent_genes_give_no_star():
    model = fit(independent_genes(300))
    assert model.get_edges(top=100)["source"].value_counts().iloc[0] <= 12
    assert model.get_evidence()["level"].max().max() < 0.2


def best(model, n=300):
    return set(model.get_edges(top=n)[["source", "target"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("without", ["cell", "gene", "regulator"])
def test_one_cell_gene_or_regulator_more_changes_little(without):
    cells = datasets.simulate(400, 150, 30, seed=1)
    left_out = {"cell": None, "gene": "gene100", "regulator": "TF29"}[without]
    fewer = cells[:-1] if left_out is None else cells[:, cells.var_names != left_out]
    before, after = (best(fit(data.copy())) for data in (fewer, cells))
    comparable = {pair for pair in after if left_out not in pair}
    assert len(before & comparable) > 0.95 * len(comparable)


def test_seeds_agree():
    first, second = (model_of(seed=seed) for seed in (0, 1))
    assert len(best(first, 50) & best(second, 50)) >= 45
