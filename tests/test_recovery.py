"""On a planted network the priors help, in the order that the paper claims, and shuffled text does not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from infosem import InfoSEM, datasets

from .conftest import QUIET

SEEDS = (0, 1, 2)
OPTIONS = {"alpha": 0.03, "beta": 1.0, "embedding_weight": 300.0, "initial_effect": 0.1}
PLAN = {"lr_networks": 1e-3, "lr_decay": 0.995, "lr_adjacency": 0.1, "lr_coefficients": 0.5}


def simulate(seed):
    return datasets.simulate(
        150, 80, 30, repression=0.0, dropout=0.5, heterogeneity=1.5, embedding_width=4, embedding_signal=0.95, seed=seed
    )


def unobserved_auprc_ratio(adata, prior, *, probability="kernel", schedule="alternating", max_epochs=240):
    """AUPRC over the pairs that the model was told nothing of, divided by the share of edges among them."""
    InfoSEM.setup_anndata(adata)
    model = InfoSEM(adata, prior=prior, probability=probability, **OPTIONS)
    model.train(max_epochs=max_epochs, schedule=schedule, batch_size=64, plan_kwargs=PLAN, **QUIET)
    # the paper's models by the absolute adjacency
    is_kernel = "interactions" in prior and probability == "kernel"
    score = (model.get_strength() if is_kernel else model.get_adjacency().abs()).to_numpy()
    truth = adata.varp["truth"].toarray()[:30] != 0
    hidden = adata.varp["known_interactions"].toarray()[:30] == 0
    np.fill_diagonal(hidden, False)
    return average_precision_score(truth[hidden], score[hidden]) / truth[hidden].mean()


@pytest.fixture(scope="module")
def ratios():
    found = {}
    for seed in SEEDS:
        adata = simulate(seed)
        shuffled = adata.copy()
        order = np.random.default_rng(seed).permutation(adata.n_vars)
        shuffled.varm["gene_embedding"] = adata.varm["gene_embedding"][order]
        for name, data, prior, probability in (
            ("none", adata, "laplace", "kernel"),
            ("text", adata, "embedding", "kernel"),
            ("shuffled text", shuffled, "embedding", "kernel"),
            ("text and interactions", adata, "embedding+interactions", "kernel"),
            ("text and interactions, low rank", adata, "embedding+interactions", "low-rank"),
        ):
            found.setdefault(name, []).append(unobserved_auprc_ratio(data, prior, probability=probability))
    return {name: np.mean(values) for name, values in found.items()}


def test_the_network_is_found(ratios):
    assert ratios["none"] > 1.5


def test_the_joint_schedule_finds_it_in_a_quarter_of_the_epochs():
    ratios = [unobserved_auprc_ratio(simulate(seed), "laplace", schedule="joint", max_epochs=60) for seed in SEEDS]
    assert np.mean(ratios) > 1.5


def test_text_beats_no_prior(ratios):
    assert ratios["text"] > ratios["none"] + 0.4


@pytest.mark.parametrize("name", ["text and interactions", "text and interactions, low rank"])
def test_known_interactions_beat_text_alone_on_pairs_that_are_not_known(ratios, name):
    assert ratios[name] > ratios["text"] + 0.4


def test_shuffled_text_gains_nothing(ratios):
    assert ratios["shuffled text"] < ratios["none"] + 0.15
