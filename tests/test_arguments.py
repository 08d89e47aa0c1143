"""Numbers as arguments: what is no number of the kind, or too small or too large, is named."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from infosem import InfoSEM, datasets, get, pl, pp, tl, train_ensemble
from infosem.data._arguments import seed_number
from infosem.module import (
    FixedLatent,
    LaplacePrior,
    LearnedLatent,
    LowRankEdges,
    NormalPrior,
    ScalarNetworks,
    TextPrior,
)
from infosem.train import EqualEffects

from .conftest import QUIET, train

NO_NUMBERS = [float("nan"), float("inf"), np.float32("nan"), "8", True, np.True_, [1], np.array([1, 2]), 1j, pd.NA]
NO_WHOLE_NUMBERS = [*NO_NUMBERS, 1.5, np.float32(2.5), Fraction(1, 2)]
EDGES = pd.DataFrame({"source": ["a", "a", "b"], "target": ["b", "c", "c"], "weight": [3.0, 2.0, 1.0], "sign": 1})


@pytest.fixture(scope="module")
def fitted(registered: AnnData) -> InfoSEM:
    model = InfoSEM(registered)
    model.train(1, **QUIET)
    model.write_network()
    return model


def model_of(registered: AnnData, **arguments: Any) -> None:
    InfoSEM(registered, **arguments)


def train_plan(registered: AnnData, *, schedule: str = "alternating", **steps: Any) -> None:
    train(registered, schedule=schedule, plan_kwargs=steps)


def of_fitted(method: str, *given: Any) -> Callable:
    def call(fitted: InfoSEM, **arguments: Any) -> None:
        getattr(fitted, method)(*given, **arguments)

    return call


def with_adata(function: Callable, *given: Any) -> Callable:
    def call(registered: AnnData, **arguments: Any) -> None:
        function(registered, *given, **arguments)

    return call


def plain(function: Callable, *given: Any) -> Callable:
    return lambda _, **arguments: function(*given, **arguments)


WHOLE = [
    (plain(LowRankEdges), "rank"),
    (plain(ScalarNetworks), "n_hidden"),
    (model_of, "seed"),
    (train, "max_epochs"),
    (train, "batch_size"),
    (train_plan, "network_epochs"),
    (train_plan, "adjacency_epochs"),
    (of_fitted("sample_cells"), "n_cells"),
    (of_fitted("sample_cells", 2), "seed"),
    (of_fitted("get_elbo"), "batch_size"),
    (of_fitted("get_edges"), "top"),
    (with_adata(train_ensemble), "n_models"),
    (with_adata(train_ensemble), "n_jobs"),
    (with_adata(train_ensemble), "n_selected"),
    (with_adata(train_ensemble), "seed"),
    (lambda fitted, **given: tl.false_discovery_rate(fitted, **given), "n_permutations"),
    (lambda fitted, **given: tl.false_discovery_rate(fitted, **given), "seed"),
    (plain(tl.compare, {"a": EDGES, "b": EDGES}), "top"),
    (plain(tl.regulons, EDGES), "top"),
    (plain(tl.regulons, EDGES), "min_targets"),
    (lambda _, top: tl.enrichment(EDGES, EDGES, top=[top]), "top"),
    (with_adata(get.network), "top"),
    (plain(pl.hubs, EDGES), "top"),
    (plain(pl.weights, EDGES), "top"),
    (plain(pl.network, EDGES), "top"),
    (plain(pl.network, EDGES), "seed"),
    (plain(pl.heatmap, EDGES), "n_regulators"),
    (plain(pl.heatmap, EDGES), "n_targets"),
    (plain(pl.comparison, EDGES, EDGES), "top"),
    (with_adata(pl.perturbation), "n_arrows"),
    (with_adata(pp.embed_genes, "nowhere"), "batch_size"),
    (with_adata(pp.embed_genes, "nowhere"), "max_length"),
    (with_adata(pp.embed_terms), "n_components"),
    (with_adata(pp.embed_terms), "min_genes"),
    (with_adata(pp.embed_terms), "seed"),
    (plain(pp.fetch_descriptions, ["TP53"]), "batch_size"),
    (plain(datasets.beeline, "hESC"), "n_genes"),
    *((plain(datasets.simulate), name) for name in ("n_cells", "n_genes", "n_regulators", "embedding_width", "seed")),
]
NUMBERS = [
    *((plain(prior), "weight") for prior in (LaplacePrior, NormalPrior, TextPrior, LowRankEdges)),
    *((plain(latent), "kl_weight") for latent in (LearnedLatent, FixedLatent)),
    (plain(TextPrior), "coefficient_sd"),
    (plain(FixedLatent), "sd"),
    (plain(EqualEffects), "total"),
    (train, "train_size"),
    (train, "validation_size"),
    *((train_plan, f"lr_{part}") for part in ("networks", "decay", "adjacency", "coefficients", "probability")),
    (partial(train_plan, schedule="joint"), "lr_decay"),
    (of_fitted("get_edges"), "min_weight"),
    (with_adata(get.network), "min_probability"),
    (of_fitted("get_intervention_shift", "TF1"), "to"),
    (of_fitted("get_intervention_shift", "TF1"), "fold"),
    (lambda fitted, to: tl.perturb(fitted.adata, "TF1", model=fitted, to=to), "to"),
    (with_adata(tl.project_shift), "temperature"),
    *((plain(tl.regulons, EDGES), f"min_{name}") for name in ("weight", "probability", "stability")),
    (plain(tl.regulons, EDGES), "max_q_value"),
    (with_adata(get.network), "min_weight"),
    (plain(pl.weights, EDGES), "min_weight"),
    *(
        (plain(datasets.simulate, 20, 6, 3), name)
        for name in ("density", "effect", "heterogeneity", "spectral_radius", "repression", "dropout", "depth")
    ),
    *((plain(datasets.simulate, 20, 6, 3), f"embedding_{name}") for name in ("signal", "missing")),
    (plain(datasets.simulate, 20, 6, 3), "known_fraction"),
]


def subject(call: Callable, registered: AnnData, fitted: InfoSEM) -> Any:
    """What a call is made of: the model or the data, by the name of its first argument."""
    return fitted if call.__code__.co_varnames[0] == "fitted" else registered


def code_of(call: Any) -> Callable:
    return call.func if isinstance(call, partial) else call


@pytest.mark.parametrize(("call", "name"), WHOLE, ids=lambda part: part if isinstance(part, str) else "")
def test_what_is_no_whole_number_is_named(registered, fitted, call, name):
    given = subject(code_of(call), registered, fitted)
    too_small = 0 if name == "n_jobs" else -(2**70)
    for value in (*NO_WHOLE_NUMBERS, too_small):
        with pytest.raises(ValueError, match=rf"^{name}=.* must be a whole number"):
            call(given, **{name: value})


@pytest.mark.parametrize(("call", "name"), NUMBERS, ids=lambda part: part if isinstance(part, str) else "")
def test_what_is_no_number_is_named(registered, fitted, call, name):
    given = subject(code_of(call), registered, fitted)
    for value in (*NO_NUMBERS, 10**400):
        with pytest.raises(ValueError, match=rf"^{name}=.* must be a (finite )?number"):
            call(given, **{name: value})


@pytest.mark.parametrize("name", ["lr_networks", "lr_adjacency", "lr_decay"])
@pytest.mark.parametrize("schedule", ["joint", "alternating"])
def test_steps_are_not_negative(registered, schedule, name):
    with pytest.raises(ValueError, match=rf"^{name}=-1e-05 must be a number, 0 or more"):
        train_plan(registered, schedule=schedule, **{name: -1e-5})


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (LaplacePrior, "weight", 1e30),
        (LearnedLatent, "kl_weight", 1e300),
        (EqualEffects, "total", 1e20),
        (FixedLatent, "sd", 1e-30),
        (TextPrior, "coefficient_sd", 1e300),
        (LowRankEdges, "weight", -1),
        (FixedLatent, "sd", 0),
    ],
)
def test_weights_that_single_precision_does_not_hold(make, name, value):
    with pytest.raises(ValueError, match=rf"^{name}=.* must be a number, .* or"):
        make(**{name: value})


@pytest.mark.parametrize("name", ["lr_networks", "lr_adjacency", "lr_coefficients", "lr_probability", "lr_decay"])
def test_steps_that_leave_every_bound(registered, name):
    with pytest.raises(ValueError, match=rf"^{name}=1e\+30 must be a number, 0 or more and"):
        train_plan(registered, **{name: 1e30})


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64, -(2**63)])
def test_seeds_out_of_range(seed):
    with pytest.raises(ValueError, match=f"seed={str(seed)[:5]}.*from 0 to {2**63 - 1}"):
        seed_number(seed)


@pytest.mark.parametrize("seed", [0, 2**32, 2**63 - 1])
def test_seeds_at_the_ends(registered, tmp_path, seed):
    model = InfoSEM(registered, seed=seed)
    model.train(1, **QUIET)
    model.sample_cells(2)
    own = registered.copy()
    model.write_network(own, key_added="of_seed")
    own.write_h5ad(tmp_path / "seed.h5ad")
