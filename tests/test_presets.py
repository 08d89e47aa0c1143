"""The paper's model is one argument away, and every argument goes before its preset."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from infosem import InfoSEM, module, scores, train
from infosem.model._presets import PRESETS
from infosem.module import FullAdjacency, GeneData, NormalPrior, TextPrior
from infosem.scores import KernelEdges

from .conftest import QUIET


@pytest.mark.parametrize("interactions_key", [None, "auto"])
def test_the_papers_preset_is_the_published_model(cells, interactions_key):
    InfoSEM.setup_anndata(cells, interactions_key=interactions_key)
    model = InfoSEM(cells, preset="paper")
    start = model.module.adjacency().weights.detach().numpy()
    # a total effect of 2, shared by the regulators
    np.testing.assert_allclose(start[start != 0], 2 / 5, atol=0.2 if interactions_key else 0.05)
    model.train(3, **QUIET)
    module = model.module
    assert module.denoiser is None  # the encoder sees the measured expression
    assert module.likelihood.mask_zeros
    assert module.effect_prior.weight == 1e3
    assert (module.interaction_prior is None) == (interactions_key is None)
    np.testing.assert_array_equal(model.get_strength(), model.get_adjacency().abs())
    assert model.get_evidence() == {}
    assert model.trainer.lightning_module.phases == [((0,), 1), ((1,), 2)]


def test_its_edges_and_entries_go_by_the_absolute_adjacency_also_after_loading(cells, tmp_path):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells, preset="paper")
    model.train(1, **QUIET)
    size = model.get_adjacency().abs()
    edges = model.get_edges()
    np.testing.assert_allclose(
        edges["weight"].abs(), [size.loc[source, target] for source, target in edges[["source", "target"]].to_numpy()]
    )
    model.save(tmp_path / "model", save_anndata=False)
    loaded = InfoSEM.load(tmp_path / "model", adata=cells)
    np.testing.assert_array_equal(loaded.get_strength(), size)


def test_what_is_given_goes_before_the_preset(cells):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells, preset="paper", edge_model=KernelEdges(), prior=TextPrior(weight=7.0))
    assert model.module.interaction_prior is None
    assert model.edge_facts_.logits is not None
    assert model.module.effect_prior.weight == 7.0
    with pytest.raises(ValueError, match="preset='published' is not one of 'default', 'paper'"):
        InfoSEM(cells, preset="published")


def test_the_ranking_does_not_depend_on_the_prior_that_was_trained(cells):
    InfoSEM.setup_anndata(cells)
    expected = None
    for prior in ("auto", "laplace", NormalPrior(weight=3.0), TextPrior(weight=1.0)):
        model = InfoSEM(cells, prior=prior)
        model.train(1, **QUIET)
        effects = np.random.default_rng(0).normal(size=(6, 24)).astype(np.float32)
        model.module.adjacency.start_from(torch.as_tensor(effects))
        edges = model.get_edges()
        assert {"text", "interactions"} <= set(edges)
        expected = edges if expected is None else expected
        pd.testing.assert_frame_equal(edges, expected)


def test_defaults_are_those_that_the_model_page_states():
    page = (Path(__file__).parents[1] / "docs" / "model.md").read_text()
    rows = re.findall(r"^\| `(\w+)`[^|]*\| `([^`|]+)` \| `([^`|]+)`", page, re.MULTILINE)
    stated = {name: (default, paper) for name, default, paper in rows if name in vars(PRESETS["paper"])}
    assert set(stated) == {"edge_model", "likelihood", "latent", "networks", "start", "ranking"}
    made = {name: getattr(package, name) for package in (module, scores, train) for name in package.__all__}
    for name, texts in stated.items():
        for preset, text in zip(("default", "paper"), texts, strict=True):
            assert eval(text, dict(made)) == getattr(PRESETS[preset], name)
    assert PRESETS["default"].text_prior == TextPrior()
    assert PRESETS["paper"].text_prior == TextPrior(weight=1e3)


@pytest.mark.parametrize(("n_regulators", "weight"), [(400, 100.0), (200, 25.0), (4, 0.01)])
def test_the_weight_of_the_text_goes_with_the_square_of_the_regulators(n_regulators, weight):
    genes = GeneData(
        names=[f"gene{j}" for j in range(n_regulators)],
        varies=torch.ones(n_regulators, dtype=torch.bool),
        regulators=torch.arange(n_regulators),
        n_counted=100,
        embeddings=torch.ones(n_regulators, 2),
    )
    shape = (n_regulators, n_regulators)
    adjacency = FullAdjacency(shape, torch.empty(2, 0, dtype=torch.long), initial_effect=1.0)
    assert TextPrior().build(genes, adjacency).weight == pytest.approx(weight)
