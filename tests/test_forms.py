"""The paper's model is one argument away."""

from __future__ import annotations

import numpy as np
import pytest

from infosem import InfoSEM

from .conftest import QUIET


@pytest.mark.parametrize("interactions_key", [None, "auto"])
def test_the_papers_form_is_the_model_with_its_settings_given_one_by_one(cells, interactions_key):
    InfoSEM.setup_anndata(cells, interactions_key=interactions_key)
    model = InfoSEM(cells, form="paper")
    model.train(3, **QUIET)
    other = InfoSEM(cells, probability="low-rank", embedding_weight=1e3)
    other.train(3, schedule="alternating", **QUIET)
    np.testing.assert_array_equal(model.get_adjacency(), other.get_adjacency())
    np.testing.assert_array_equal(model.get_strength(), other.get_adjacency().abs())
    assert not np.allclose(model.get_strength(), other.get_strength())


def test_its_edges_and_entries_go_by_the_absolute_adjacency_also_after_loading(cells, tmp_path):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells, form="paper")
    model.train(1, **QUIET)
    size = model.get_adjacency().abs()
    edges = model.get_edges()
    np.testing.assert_allclose(
        edges["weight"].abs(), [size.loc[source, target] for source, target in edges[["source", "target"]].to_numpy()]
    )
    model.save(tmp_path / "model", save_anndata=False)
    loaded = InfoSEM.load(tmp_path / "model", adata=cells)
    np.testing.assert_array_equal(loaded.get_strength(), size)


def test_what_is_given_goes_before_the_form(cells):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells, form="paper", probability="kernel", embedding_weight=7.0)
    assert model.module.edge_probability is not None
    assert model.module.effect_prior.weight == 7.0
    with pytest.raises(ValueError, match="form='published' is not one of 'today', 'paper'"):
        InfoSEM(cells, form="published")
