"""Odd data and odd arguments from end to end: a result without NaN, or one sentence of ours; nothing given is changed.

Figures of a longer run are in docs/experiments.md: ``INFOSEM_FUZZ=5000 pytest tests/test_fuzz.py``.
"""

from __future__ import annotations

import os
import traceback
import warnings
from pathlib import Path

import anndata
import joblib
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from scipy import sparse

import infosem
from infosem import InfoSEM, get, pl, pp, tl
from infosem.module import FixedLatent, Gaussian, LaplacePrior, LearnedLatent, LowRankEdges, ScalarNetworks
from infosem.scores import AbsoluteAdjacency, KernelEdges, SumOfEvidence
from infosem.train import ClosedForm, EqualEffects

from .odd_data import annotated

mpl.use("Agg")
HOME = Path(infosem.__file__).parent
SENTENCES = (ValueError, TypeError, KeyError, MemoryError, FloatingPointError, RuntimeError, OSError)
EXAMPLES = int(os.environ.get("INFOSEM_FUZZ", "200"))
QUIET = {"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False}


class RefusedError(Exception):
    """infosem said in a sentence of its own why it does not go on."""


class ForeignError(AssertionError):
    """An error came from below our edge, or without a word."""


def at_our_edge(function, *arguments, **options):
    """The result of a call; an error must be of our own making."""
    try:
        return function(*arguments, **options)
    except SENTENCES as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        if not Path(last.filename).is_relative_to(HOME) or not str(error).strip():
            raise ForeignError(f"{type(error).__name__} from {last}: {error}") from error
        raise RefusedError from error


SETUP = {
    "batch_key": [None, "lot", "kind", "number"],
    "group_key": [None, "lot", "kind"],
    "categorical_covariate_keys": [None, ["lot"], ["lot", "kind"]],
    "continuous_covariate_keys": [None, ["number"]],
    "size_factor_key": [None, "auto"],
}
WRONG_SETUP = [
    {"batch_key": "typo"},
    {"group_key": 3},
    {"categorical_covariate_keys": "lot"},
    {"size_factor_key": "number"},
]
CONFIGURATION = {
    "preset": ["default", "paper"],
    "prior": ["auto", "laplace", *(LaplacePrior(weight=weight) for weight in (0, 1.0, np.float32(2), 1e6))],
    "edge_model": [None, KernelEdges(), LowRankEdges(rank=1), LowRankEdges(rank=np.int64(2))],
    "likelihood": [
        Gaussian(mask_zeros=mask, variance=variance)
        for mask in ("auto", True, False)
        for variance in ("unit", "learned")
    ],
    "latent": [FixedLatent(), *(LearnedLatent(kl_weight=weight) for weight in (0.0, 0.01, 1))],
    "networks": [
        ScalarNetworks(n_hidden=1, evaluation="exact"),
        ScalarNetworks(n_hidden=8),
        ScalarNetworks(denoise=False),
    ],
    "start": [ClosedForm(), EqualEffects(total=1)],
    "ranking": [SumOfEvidence(), AbsoluteAdjacency()],
    "seed": [0, 7, np.int64(3)],
}
WRONG_CONFIGURATION = [
    *({"seed": value} for value in (-1, 2**70, 1.5, None)),
    *({"prior": value} for value in ("embedding", "interactions", "typo", 3)),
    *({name: "typo"} for name in ("preset", "likelihood", "ranking")),
    {"registry": {}},
]
TRAINING = {"batch_size": [1, 7, 1000], "train_size": [1.0, 0.6], "plan_kwargs": [None, {"lr_adjacency": 0.01}]}
WRONG_TRAINING = [
    *({"batch_size": value} for value in (0, -1, 2.5)),
    *({"train_size": value} for value in (0.0, np.nan, 2)),
    *({"plan_kwargs": value} for value in ({"lr_networks": -1}, {"typo": 1}, {"lr_decay": np.nan})),
]


@st.composite
def options(draw, right, wrong):
    """Some right options and, one time in sixteen, a wrong one."""
    chosen = draw(st.fixed_dictionaries({}, optional={name: st.sampled_from(of) for name, of in right.items()}))
    return chosen | (draw(st.sampled_from(wrong)) if draw(st.integers(0, 15)) == 0 else {})


keys = st.sampled_from(["infosem"] * 8 + ["run 1", "a/b", "", "kind", "X_sign"])


def state(adata, without=()):
    """Everything but what was written under a key, and what scvi-tools notes."""
    mappings = {}
    for name in ("layers", "obsm", "varm", "obsp", "varp", "uns"):
        entries = dict(getattr(adata, name))
        mappings[name] = {
            key: value for key, value in entries.items() if key is not None and not key.startswith(("_scvi", *without))
        }
        mappings[name] = {key: _content(value) for key, value in mappings[name].items()}
    obs = adata.obs[[column for column in adata.obs if not column.startswith("_scvi")]]
    return joblib.hash([_content(adata.X), obs, adata.var, mappings])


def _content(value):
    """Without what sparse matrices note of themselves."""
    return [value.data, value.indices, value.indptr, value.shape, type(value)] if sparse.issparse(value) else value


def finite(table):
    numbers = table.select_dtypes("number").drop(columns="probability", errors="ignore")
    assert np.isfinite(numbers.to_numpy()).all(), table


VIEWS = {
    "regulons": lambda edges: tl.regulons(edges, top=3),
    "hubs": tl.hubs,
    "compare": lambda edges: tl.compare({"a": edges, "b": edges}, top=5),
    "differential": lambda edges: tl.differential_edges(edges, edges),
    "networkx": get.to_networkx,
    "igraph": get.to_igraph,
    "pyscenic": get.to_pyscenic,
    "decoupler": get.to_decoupler,
    "network": lambda edges: pl.network(edges, top=10),
    "weights": pl.weights,
    "pl.hubs": pl.hubs,
    "heatmap": pl.heatmap,
}


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == 200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(
    adata=annotated(), setup=options(SETUP, WRONG_SETUP), configuration=options(CONFIGURATION, WRONG_CONFIGURATION),
    training=options(TRAINING, WRONG_TRAINING), key=keys, data=st.data(),
)  # fmt: skip
def test_from_odd_data_to_a_picture(tmp_path_factory, adata, setup, configuration, training, key, data):
    before = state(adata)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            edges = network_of(adata, setup, configuration, training, key)
            read_back(adata, key, edges, tmp_path_factory.mktemp("fuzz") / "cells.h5ad")
            for view in data.draw(st.lists(st.sampled_from(sorted(VIEWS)), max_size=3, unique=True)):
                shown = edges.copy()
                at_our_edge(VIEWS[view], edges)
                pd.testing.assert_frame_equal(edges, shown)
        event("a network")
    except RefusedError as refused:
        event(f"refused: {str(refused.__cause__)[:50]}")
    finally:
        plt.close("all")
    assert state(adata, without=(key,) if key else ()) == before


def network_of(adata, setup, configuration, training, key):
    at_our_edge(InfoSEM.setup_anndata, adata, **setup)
    if "known_interactions" not in adata.varp:
        configuration = {name: value for name, value in configuration.items() if name != "edge_model"}
    model = at_our_edge(InfoSEM, adata, **configuration)
    at_our_edge(model.train, 2, **training, **QUIET)
    edges = at_our_edge(model.get_edges)
    finite(edges)
    for matrix in (model.get_adjacency(), model.get_strength(), *model.get_evidence().values()):
        assert np.isfinite(matrix.to_numpy()).all()
    for group in model.group_names:
        finite(at_our_edge(model.get_edges, group=group))
    if len(model.group_names) > 1:
        finite(at_our_edge(tl.differential_edges, model, *model.group_names[:2]))
    latent = at_our_edge(model.get_latent_representation)
    assert np.isfinite(latent).all()
    assert np.isfinite(at_our_edge(model.get_elbo))
    if len(model.regulator_names):
        finite(at_our_edge(tl.perturb, adata.copy(), model.regulator_names[0], model=model, fold=2.0))
    at_our_edge(model.write_network, key_added=key)
    return edges


def read_back(adata, key, edges, path):
    try:
        adata.write_h5ad(path)
    except Exception:  # what the data had before, anndata's own
        return
    pd.testing.assert_frame_equal(at_our_edge(get.network, anndata.read_h5ad(path), key), edges, check_dtype=False)


tables = st.builds(
    lambda rows, extra: pd.DataFrame(rows, columns=["source", "target"]).assign(**extra),
    st.lists(
        st.tuples(*[st.sampled_from(["g0", "g1", "G2", "g3 ", None, np.nan, 3, "x", "1-Mar", "nan"])] * 2), max_size=8
    ),
    st.sampled_from([{}, {"weight": -1}, {"weight": "a"}]),
)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES == 200)
@given(
    adata=annotated(), table=tables, ignore_case=st.booleans(), few=st.booleans(), key=keys,
    negatives=st.sampled_from([None, "same_source"]),
)  # fmt: skip
def test_from_odd_tables_to_priors(adata, table, ignore_case, few, key, negatives):
    given_table, options = table.copy(), {"ignore_case": ignore_case, "allow_few": few, "key_added": key}
    names = table["source"].tolist()
    described = table.rename(columns={"source": "symbol", "target": "name"})
    vectors = np.random.default_rng(0).normal(size=(len(names), 2))
    for write, arguments in (
        (pp.known_interactions, {"edges": table, "negatives": negatives}),
        (pp.regulators, {"source": names}),
        (pp.gene_text, {"descriptions": described}),
        (pp.add_embeddings, {"embeddings": vectors, "names": names}),
    ):
        before = state(adata)
        try:
            at_our_edge(write, adata, **arguments, **options)
        except RefusedError:
            assert state(adata) == before
    pd.testing.assert_frame_equal(table, given_table)
