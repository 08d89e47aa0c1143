"""The paper's model is one argument away, and every argument goes before its preset."""

from __future__ import annotations

import numpy as np
import pytest

from infosem import InfoSEM
from infosem.module import TextPrior
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
