"""On planted networks the defaults find what was planted, and each prior adds to it as far as it is right."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from infosem import InfoSEM, datasets

from .conftest import KNOWLEDGE, QUIET

SEEDS = (0, 1, 2)


def simulate(seed):
    return datasets.simulate(
        150, 80, 30, repression=0.0, dropout=0.5, heterogeneity=1.5, embedding_width=4, embedding_signal=0.95, seed=seed
    )


def auprc_ratio(adata, score, pairs=True):
    """AUPRC divided by the share of edges, over pairs of two genes."""
    truth = adata.varp["truth"].toarray()[: len(score)] != 0
    counts = ~np.eye(adata.n_vars, dtype=bool)[: len(score)] & pairs
    return average_precision_score(truth[counts], score[counts]) / truth[counts].mean()


def fit(adata, knows, **options):
    InfoSEM.setup_anndata(adata, **KNOWLEDGE[knows])
    model = InfoSEM(adata, **options)
    model.train(**QUIET)
    return model.get_strength().to_numpy()


@pytest.fixture(scope="module")
def ratios():
    found = {}
    for seed in SEEDS:
        adata = simulate(seed)
        shuffled = adata.copy()
        order = np.random.default_rng(seed).permutation(adata.n_vars)
        shuffled.varm["gene_embedding"] = adata.varm["gene_embedding"][order]
        hidden = adata.varp["known_interactions"].toarray()[:30] == 0
        for name, data, knows in (
            ("none", adata, "nothing"),
            ("text", adata, "text"),
            ("shuffled text", shuffled, "text"),
            ("text and interactions", adata, "text and interactions"),
        ):
            found.setdefault(name, []).append(auprc_ratio(data, fit(data, knows), hidden))
    return {name: np.mean(values) for name, values in found.items()}


@pytest.mark.slow
def test_the_network_is_found(ratios):
    assert ratios["none"] > 2.5


@pytest.mark.slow
def test_text_beats_no_prior(ratios):
    assert ratios["text"] > ratios["none"] + 0.1


@pytest.mark.slow
def test_known_interactions_beat_text_alone_on_pairs_that_are_not_known(ratios):
    assert ratios["text and interactions"] > ratios["text"] + 1.0


@pytest.mark.slow
def test_shuffled_text_neither_gains_nor_costs(ratios):
    assert abs(ratios["shuffled text"] - ratios["none"]) < 0.1


def test_more_cells_are_better_and_better_than_the_correlation():
    found = []
    for n_cells in (200, 1000):
        adata = datasets.simulate(n_cells, 120, 20, seed=0)
        found.append(auprc_ratio(adata, fit(adata, "nothing")))
        correlation = np.abs(np.corrcoef(adata.X.toarray().T))[:20]
        assert found[-1] > 1.2 * auprc_ratio(adata, correlation)
    assert found[1] > 1.1 * found[0]


def test_the_papers_model_learns_too():
    adata = simulate(0)
    InfoSEM.setup_anndata(adata)
    model = InfoSEM(adata, preset="paper")
    model.train(max_epochs=30, **QUIET)
    hidden = adata.varp["known_interactions"].toarray()[:30] == 0
    assert auprc_ratio(adata, model.get_strength().to_numpy(), hidden) > 1.5
